"""What is said on the wire: as prism-admin says it, and as the .proto files here say it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_prism.proxy.proto import control_plane_pb2

ROOT = Path(__file__).parents[2]
PROTO = ROOT / "kubectl_prism" / "proxy" / "proto"

WIRE = {
    "ProxyRegistration": "proxy_id address region version capabilities metadata",
    "ProxyRegistrationAck": "success message initial_namespaces partition_ranges",
    "NamespaceAssignment": "namespace partition_id config version",
    "NamespaceConfig": "backends patterns auth metadata",
    "BackendConfig": "backend_type connection_string credentials options",
    "PatternConfig": "pattern_name settings required_interfaces",
    "AuthConfig": "enabled provider options",
    "CreateNamespaceRequest": "namespace requesting_proxy config principal",
    "CreateNamespaceResponse": "success message assigned_partition assigned_proxy",
    "ProxyHeartbeat": "proxy_id namespace_health resources timestamp",
    "NamespaceHealth": "active_sessions requests_per_second status",
    "ResourceUsage": "cpu_percent memory_mb goroutine_count uptime_seconds",
    "NamespaceAssignmentAck": "success message",
    "NamespaceRevocation": "proxy_id namespace graceful_timeout_seconds",
    "NamespaceRevocationAck": "success message revoked_at",
    "PartitionRange": "start end",
    "HeartbeatAck": "success message server_timestamp",
}
"""The fields of prism-admin's messages, numbered from 1 in this order."""


def test_messages_are_prism_admins() -> None:
    """Package, names and numbers are those of the real control plane, for numbers are all that goes over the wire."""
    file = control_plane_pb2.DESCRIPTOR
    assert file.package == "prism"
    messages = file.message_types_by_name.values()
    found = {message.name: [(field.number, field.name) for field in message.fields] for message in messages}
    assert found == {name: list(enumerate(fields.split(), 1)) for name, fields in WIRE.items()}


@pytest.mark.parametrize("name", sorted(path.stem for path in PROTO.glob("*.proto")))
def test_generated_python_is_what_protoc_makes(tmp_path: Path, name: str) -> None:
    """`make proto` was run after the last change of a .proto file."""
    source = f"kubectl_prism/proxy/proto/{name}.proto"
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([*command, source], cwd=ROOT, check=True, capture_output=True)
    for made in sorted(tmp_path.rglob("*_pb2.*")):
        assert (PROTO / made.name).read_text() == made.read_text(), "run `make proto`"
