"""How the small models of ``indexer/models`` were learnt: scripts, annotations by hash, invented examples."""
