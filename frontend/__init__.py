"""From a Python function to a typed tree: reading the source, refusing what cannot be compiled, inferring types."""
