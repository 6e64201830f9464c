"""The admins of a sandbox elect a real leader: one holds the Lease, it moves with its pod, and there are never two."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from kubectl_prism.proxy import control_plane
from kubectl_prism.proxy.errors import Away
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from tests.reconcile.kinds.answers import Answers, asked, forwarded
from tests.reconcile.kinds.world import World, eventually

LEASE = "prism-admin-leader"


def holder(world: World) -> str:
    """Return the pod that holds the Lease, an empty string for none."""
    lease = world.find("Lease", LEASE) or {"spec": {}}
    return str(lease["spec"].get("holderIdentity") or "")


def leads(world: World, pod: str) -> bool:
    """Tell whether an admin does what only a leader does, as it says itself."""
    request = pb.ProxyRegistration(proxy_id="a-proxy")
    try:
        with forwarded(world, f"pod/{pod}", 8981) as port:
            asked(port, lambda lines, admin: lines.call(admin, control_plane.REGISTER_PROXY, request))
    except Away:
        return False
    return True


def test_the_holder_is_shown_and_moves_with_its_pod(world: World, answers: Answers) -> None:
    """Each time the leader's pod is deleted another leads soon, alone, and `leader` names it with its node."""
    world.stack("ha", admin={"replicas": 3, "leaderElection": {"enabled": True}})
    world.ready("PrismStack", "ha")
    first = eventually(lambda: holder(world))
    before = first
    for _ in range(3):
        world.delete("Pod", before)
        eventually(lambda: holder(world) not in ("", before))  # noqa: B023 - called before it changes
        before = holder(world)
        pods = sorted(world.names("Pod", "component=prism-admin"))
        with ThreadPoolExecutor() as together:
            answered = list(together.map(lambda pod: leads(world, pod), pods))
        assert sum(answered) <= 1
    eventually(lambda: sum(leads(world, pod) for pod in world.names("Pod", "component=prism-admin")) == 1)
    assert world.get("Lease", LEASE)["spec"]["leaseTransitions"] >= 3
    shown = json.loads(world.prism("leader", "-o", "json"))["items"]
    ours = next(one for one in shown if one["lease"] == LEASE)
    assert (ours["pod"], ours["status"], ours["simulated"]) == (holder(world), "Held", True)
    assert ours["node"] == world.get("Pod", holder(world))["spec"]["nodeName"]
