"""Which programs a sandbox is made of, which of them belong together, and where official releases of them are.

Pure: names, versions and addresses. Called by `binaries` and what it hands the work to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KUBERNETES = "v1.36.3"
ETCD = "v3.6.8"
KWOK = "v0.8.0"
OLDEST_KUBERNETES = (1, 30)
"""The oldest server found on the machine that is used: before it, validation rules of our kinds are not all known."""


@dataclass(frozen=True, slots=True)
class Family:
    """Programs that are only used together, from one place, so that their versions always fit."""

    title: str
    names: tuple[str, ...]
    source: str


SERVERS = Family("Kubernetes", ("kube-apiserver", "kube-controller-manager", "kube-scheduler"), "controlplane")
STORAGE = Family("etcd", ("etcd",), "controlplane")
CLIENT = Family("kubectl", ("kubectl",), "controlplane")
SIMULATOR = Family("kwok", ("kwok", "kwokctl"), "kwok")
FAMILIES = (STORAGE, SERVERS, CLIENT, SIMULATOR)


@dataclass(frozen=True, slots=True)
class Source:
    """A Go program that this package carries: one file that acts as several, by the name it is started under."""

    folder: str
    title: str
    names: tuple[str, ...]
    variables: Mapping[str, str]
    """What the linker sets: Go variable to value."""


_VERSION = "k8s.io/component-base/version"
CONTROL_PLANE = Source(
    "controlplane",
    f"the Kubernetes {KUBERNETES} control plane",
    STORAGE.names + SERVERS.names + CLIENT.names,
    {
        f"{_VERSION}.gitVersion": KUBERNETES,
        f"{_VERSION}.gitMajor": KUBERNETES[1:].split(".")[0],
        f"{_VERSION}.gitMinor": KUBERNETES.split(".")[1],
        f"{_VERSION}.gitTreeState": "clean",
    },
)
KWOK_SOURCE = Source("kwok", f"kwok {KWOK}", SIMULATOR.names, {"sigs.k8s.io/kwok/pkg/consts.Version": KWOK[1:]})
SOURCES = {source.folder: source for source in (CONTROL_PLANE, KWOK_SOURCE)}


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where each program is, and for each family where it came from, in words."""

    paths: Mapping[str, Path]
    origins: Mapping[str, str]

    def __getitem__(self, name: str) -> Path:
        """Return where the program is."""
        return self.paths[name]


@dataclass(frozen=True, slots=True)
class Mirror:
    """The servers that carry official releases."""

    kubernetes: str = "https://dl.k8s.io/release"
    github: str = "https://api.github.com/repos"


@dataclass(frozen=True, slots=True)
class Release:
    """One official file, and where its SHA-256 is published: a file that holds it, or GitHub's list of a release."""

    name: str
    address: str = ""
    checksum: str = ""
    listing: str = ""
    asset: str = ""
    member: str = ""


def releases(family: Family, system: str, machine: str, mirror: Mirror) -> tuple[Release, ...]:
    """Return the official files for a family, none where nobody publishes them; system and machine as Go says."""
    match family:
        case _ if family is SIMULATOR:
            listing = f"{mirror.github}/kubernetes-sigs/kwok/releases/tags/{KWOK}"
            return tuple(Release(name, listing=listing, asset=f"{name}-{system}-{machine}") for name in family.names)
        case _ if family is STORAGE and system == "linux":
            asset = f"etcd-{ETCD}-{system}-{machine}.tar.gz"
            listing = f"{mirror.github}/etcd-io/etcd/releases/tags/{ETCD}"
            return (Release("etcd", listing=listing, asset=asset, member=f"etcd-{ETCD}-{system}-{machine}/etcd"),)
        case _ if family is CLIENT or (family is SERVERS and system == "linux"):
            place = f"{mirror.kubernetes}/{KUBERNETES}/bin/{system}/{machine}"
            return tuple(Release(name, f"{place}/{name}", f"{place}/{name}.sha256") for name in family.names)
        case _:
            return ()
