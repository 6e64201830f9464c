"""What is not read while a library is imported."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ssl
from kubectl_prism.kube import transport
from aiohttp import connector
assert not connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509_ca"], "trusts somebody"
assert connector._SSL_CONTEXT_VERIFIED.verify_mode is ssl.CERT_REQUIRED
assert "set_default_verify_paths" not in vars(ssl.SSLContext), "the change outlives the import"
"""


def test_a_connection_that_says_nothing_of_tls_trusts_nobody() -> None:
    """Nothing is read for it, and what others make of ssl is as it was."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
