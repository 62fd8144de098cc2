"""What runs a compiled program: the executor (device Python), the backends, buffers, cache and errors."""
