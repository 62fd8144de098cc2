"""The version of the package, in one place; part of every cache key."""

__version__ = "0.1.0"
