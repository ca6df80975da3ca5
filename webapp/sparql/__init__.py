"""The SPARQL 1.1 Protocol endpoint: guard, killable workers, protocol, similarity clause."""
