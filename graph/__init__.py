"""From files to an RDF dataset: reading, extraction, mapping, store and releases."""
