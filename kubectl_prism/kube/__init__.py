"""The API server: how to log in, how to call it, and how to keep a kind in the store.

Called by the engine, by doctor and by the command line. Nothing here decides what should exist, and nothing here knows
a Prism kind from any other. Importing this package is free; `client` and `informer` bring aiohttp.
"""
