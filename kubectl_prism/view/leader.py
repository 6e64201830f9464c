"""Who holds each Lease, where it runs and since when, and whether that can be believed. Pure.

A Lease that nobody renewed for as long as it lasts is stale: its holder is dead or cannot reach the API server. What
the holder of a Lease writes into it are its own words; its pod is looked for by that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from kubectl_prism.model import lease as record
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.age import age, duration, parse
from kubectl_prism.view.health import Health, Severity
from kubectl_prism.view.objects import SIMULATED_LABEL, named
from kubectl_prism.view.wishes import ZONE

HEADERS = ("LEASE", "FOR", "STATUS", "HOLDER", "NODE", "ZONE", "SINCE", "RENEWED", "TRANSITIONS")
OPERATOR = "prism-operator"
DEFAULT_NAME = "prism-admin-leader"
LASTS = 15.0
MISSING = Health(Severity.WAITING, "Missing", message="nobody has led yet")
UNREAD = Health(Severity.UNKNOWN, "Unknown", message="Leases may not be read: nobody can tell who leads")


@dataclass(frozen=True, slots=True)
class Leadership:
    """One Lease, and the stack whose admins elect by it or what else it is for; `pod` is empty where none fits."""

    lease: Key
    owner: str
    health: Health
    holder: str = ""
    pod: str = ""
    node: str = ""
    zone: str = ""
    since: str = ""
    renewed: str = ""
    transitions: int = 0
    lasts: float = LASTS
    acquired: str = ""
    renewal: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Seen:
    """What a look at the cluster found; `nodes` may be empty where they may not be read, `leases` is None then."""

    stacks: tuple[Manifest, ...]
    leases: tuple[Manifest, ...] | None
    pods: tuple[Manifest, ...]
    nodes: tuple[Manifest, ...] = ()


def leaderships(seen: Seen, now: datetime) -> list[Leadership]:
    """Return a line for every stack whose admins elect a leader and for every reconciler's Lease, the worst first."""
    leases = {meta.key(lease): lease for lease in seen.leases or ()}
    unseen = UNREAD if seen.leases is None else MISSING
    wanted = [*_elections(seen.stacks), *(("the reconciler", key) for key in leases if key.name == OPERATOR)]
    pods = _holders(seen.pods, leases.values())
    unled = [Leadership(key, owner, unseen) for owner, key in wanted if key not in leases]
    led = [_leadership(owner, key, leases[key], seen.nodes, pods, now) for owner, key in wanted if key in leases]
    return sorted([*unled, *led], key=lambda one: (-one.health.severity, one.lease, one.owner))


def rows(found: Iterable[Leadership]) -> list[tuple[str, ...]]:
    """Return the cells of a table, in the order of HEADERS."""
    return [
        (
            str(one.lease),
            one.owner,
            one.health.word,
            one.holder or "<none>",
            f"{one.node} (simulated)" if one.simulated else one.node,
            one.zone,
            one.since,
            f"{one.renewed} ago" if one.renewed else "",
            str(one.transitions),
        )
        for one in found
    ]


def data(found: Iterable[Leadership]) -> Manifest:
    """Return the same as data, for `-o json` and its kin: the keys are stable."""
    return {
        "kind": "LeaderList",
        "items": [
            {
                "namespace": one.lease.namespace,
                "lease": one.lease.name,
                "for": one.owner,
                "status": one.health.word,
                "message": one.health.message,
                "holder": one.holder,
                "pod": one.pod,
                "node": one.node,
                "zone": one.zone,
                "simulated": one.simulated,
                "acquired": one.acquired,
                "renewed": one.renewal,
                "transitions": one.transitions,
                "seconds": one.lasts,
            }
            for one in found
        ],
    }


def _elections(stacks: Iterable[Manifest]) -> Iterator[tuple[str, Key]]:
    for stack in stacks:
        admin = lenient.mapping(lenient.mapping(stack.get("spec")).get("admin"))
        election = lenient.mapping(admin.get("leaderElection"))
        if election.get("enabled") is True and admin.get("enabled") is not False:
            key = meta.key(stack)
            yield f"stack {key.name}", Key(key.namespace, str(election.get("leaseName") or DEFAULT_NAME))


def _leadership(
    owner: str,
    key: Key,
    lease: Manifest,
    nodes: Iterable[Manifest],
    pods: Mapping[Key, Manifest],
    now: datetime,
) -> Leadership:
    found, spec = record.holder(lease), record.spec(lease)
    lasts = record.lasts(lease, otherwise=LASTS)
    silent = _seconds(spec.get("renewTime"), now)
    pod = pods.get(Key(key.namespace, _pod_name(found.identity)))
    node = str(lenient.mapping((pod or {}).get("spec")).get("nodeName") or "")
    place = next((one for one in nodes if meta.key(one).name == node), {})
    return Leadership(
        key,
        owner,
        _health(found.identity, silent, lasts),
        holder=found.identity,
        pod=meta.key(pod).name if pod else "",
        node=node,
        zone=str(meta.labels(place).get(ZONE) or ""),
        since=age(spec.get("acquireTime"), now) if found.identity else "",
        renewed="" if silent is None else duration(silent),
        transitions=lenient.number(spec.get("leaseTransitions")),
        acquired=str(spec.get("acquireTime") or ""),
        renewal=str(spec.get("renewTime") or ""),
        lasts=lasts,
        simulated=SIMULATED_LABEL in meta.labels(place),
    )


def _health(holder: str, silent: float | None, lasts: float) -> Health:
    if not holder:
        return Health(Severity.WAITING, "Free", message="its last holder gave it back, and nobody took it yet")
    if silent is None or silent > lasts:
        ago = "never" if silent is None else f"{duration(silent)} ago"
        words = f"renewed {ago}, and it lasts {lasts:g} s: its holder is dead or cannot reach the API server"
        return Health(Severity.BAD, "Stale", message=words)
    return Health(Severity.OK, "Held")


def _seconds(timestamp: object, now: datetime) -> float | None:
    time = parse(timestamp)
    return None if time is None else max(0.0, (now - time).total_seconds())


def _holders(pods: Iterable[Manifest], leases: Iterable[Manifest]) -> Mapping[Key, Manifest]:
    """Return the pods that hold any of these Leases, by one look at all of thousands."""
    names = {name for lease in leases if (name := _pod_name(record.holder(lease).identity))}
    return {meta.key(pod): pod for pod in named(pods, names)}


def _pod_name(identity: str) -> str:
    """Return the pod that a holder's name means: its own, or its own and more after an underscore."""
    return identity.partition("_")[0]
