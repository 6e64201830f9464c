"""The methods by which the sandbox's simulated proxies take traffic."""

from __future__ import annotations

from kubectl_prism.proxy.proto import traffic_pb2 as pb
from kubectl_prism.proxy.wire import Method

SERVICE = "prism.sandbox.v1.Traffic"

SET = Method(f"/{SERVICE}/Set", pb.SetRequest, pb.SetResponse)
GET = Method(f"/{SERVICE}/Get", pb.GetRequest, pb.GetResponse)
CONNECT = Method(f"/{SERVICE}/Connect", pb.ConnectRequest, pb.Connected)
