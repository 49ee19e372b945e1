"""Keep words out of documents, comments, messages and names that make them hard to read."""
