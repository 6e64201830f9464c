"""The Prism control plane, over gRPC: namespaces are provisioned, released and measured through here.

One face, `client.ControlPlane`, for two dialects: `control_plane` is what the real prism-admin speaks, `quotas` our own
small service for proxies that can enforce a limit. Which one the other side speaks is found out by asking. The only
room that imports grpc; it knows no Kubernetes.
"""
