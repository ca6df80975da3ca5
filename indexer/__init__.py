"""From items to answers: embeddings, lexical and vector indexes, links made by machine, search."""
