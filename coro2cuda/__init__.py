"""Compile Python `async def` functions to grouped state machines and run a million of them on a GPU."""
