"""Brings aiohttp without the certificates of all the world.

While it is imported, aiohttp reads them for connections that say nothing of TLS, and once more for those that verify
nothing: 17 ms of every command and 2 MiB. Ours always say whom they trust; one that did not would trust nobody.
"""

from __future__ import annotations

import ssl

ssl.SSLContext.set_default_verify_paths = lambda self: None  # type: ignore[method-assign]
try:
    import aiohttp.abc
finally:
    del ssl.SSLContext.set_default_verify_paths

__all__ = ["aiohttp"]
