"""A certificate that signs itself, for servers and clients on this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path, *names: str) -> tuple[Path, Path]:
    """Make a certificate for `names` (DNS:… or IP:…) and return its file and its key's; both are PEM."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=test", "-addext", f"subjectAltName={','.join(names or ('DNS:localhost',))}"]
    command = ["openssl", "req", *options, *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
