"""The headless reconciler: ready when its caches are, quiet when it is told to stop, plain about a taken port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster import Cluster

PROGRAM = Path(sys.executable).with_name("kubectl-prism")


@contextmanager
def started(*words: str, level: str = "info") -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "LOG_LEVEL": level}
    command = [str(PROGRAM), "operator", *words]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def operator(cluster: Cluster, *words: str, level: str = "info") -> AbstractContextManager[subprocess.Popen[str]]:
    return started(f"--kubeconfig={cluster.kubeconfig}", *words, level=level)


def page(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address + path, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_becomes_ready_serves_metrics_and_ends_on_sigterm(cluster: Cluster) -> None:
    """/readyz turns to 200, /metrics has controller-runtime's names, SIGTERM ends it with 0."""
    with operator(cluster, "--probes=127.0.0.1:0", "--watch-namespace=kube-public") as process:
        assert process.stderr is not None
        address = next(found[0] for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        assert page(address, "/healthz") == (200, "ok\n")
        while page(address, "/readyz")[0] != 200:
            assert process.poll() is None
        assert "controller_runtime_max_concurrent_reconciles" in page(address, "/metrics")[1]
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in rest) == (0, False), rest


def test_json_logs_are_json(cluster: Cluster) -> None:
    """With --log-format=json every line on stderr is one JSON object with time, level and message."""
    with operator(cluster, "--probes=127.0.0.1:0", "--log-format=json") as process:
        assert process.stderr is not None
        lines = [json.loads(process.stderr.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    lines += [json.loads(line) for line in rest.splitlines()]
    assert all({"ts", "level", "msg"} <= set(line) for line in lines)
    assert lines[-1]["msg"] == "stopped"


@contextmanager
def silenced() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the operator before a server that takes connections and says nothing; also return where its probes are."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = f"--server=http://127.0.0.1:{silent.getsockname()[1]}"
        with started(server, "--probes=127.0.0.1:0") as process:
            assert process.stderr is not None
            address = process.stderr.readline().rpartition("probes and metrics on ")[2].strip()
            with silent.accept()[0]:
                yield process, address


def test_its_probes_do_not_wait_for_the_api_server() -> None:
    """A kubelet that asks while the API server is slow does not take the operator for dead, and sends nobody to it."""
    with silenced() as (_, address):
        assert page(address, "/healthz") == (200, "ok\n")
        assert page(address, "/readyz")[0] == 503


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_twice_it_ends_at_once(number: signal.Signals) -> None:
    """A server that says nothing keeps it until its deadline; a second signal does not wait."""
    with silenced() as (process, _):
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.readline().endswith(" operator: stopping\n")
        process.send_signal(number)
        began = time.monotonic()
        assert process.wait(10) == 130
    assert time.monotonic() - began < 2


def test_a_port_in_use_is_named(cluster: Cluster) -> None:
    """A taken probe port is one error with the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with operator(cluster, f"--probes=127.0.0.1:{port}") as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"error: port {port} on 127.0.0.1 is in use" in err
    assert "hint: choose another address with --probes" in err


def test_wrong_settings_are_wrong_usage(cluster: Cluster) -> None:
    """A log level, a log format or an address that is none ends with 2 and names it."""
    for words, level, message in (
        (("--probes=127.0.0.1:0",), "loud", "log level 'loud'"),
        (("--log-format=xml",), "info", "--log-format xml"),
        (("--probes=nowhere",), "info", "--probes nowhere"),
    ):
        with operator(cluster, *words, level=level) as process:
            _, err = process.communicate(timeout=30)
        assert (process.returncode, message in err) == (2, True), err
