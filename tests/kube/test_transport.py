"""What a broken connection means, in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import Unreachable
from kubectl_prism.kube.transport import Transport

TRANSPORT = Transport(cast("Cluster", SimpleNamespace(address="127.0.0.1:6443")))


def test_a_connection_that_is_reset_while_it_is_made_was_cut() -> None:
    """Uvloop calls it a RuntimeError; to us the server is out of reach, and the call may be tried again."""
    with pytest.raises(Unreachable, match="the connection was cut") as caught, TRANSPORT._words(1):
        raise RuntimeError("File descriptor 12 is used by transport <TCPTransport closed=False>")
    assert caught.value.is_cut


def test_a_fault_of_ours_stays_one() -> None:
    """Any other RuntimeError is nobody's network."""
    with pytest.raises(RuntimeError, match="boom"), TRANSPORT._words(1):
        raise RuntimeError("boom")
