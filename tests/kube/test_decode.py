"""Events that lie together: of each object only what still holds is taken."""

from __future__ import annotations

from kubectl_prism.kube import decode
from tests.kube.fake import bookmark, config_map, event


def left(*lines: bytes) -> list[tuple[str, str]]:
    """Return type and version of the events that are left of these."""
    kept = decode.newest([decode.event(line) for line in lines])
    return [(one.type, decode.identity(one.object).resource_version) for one in kept]


def test_of_several_states_of_an_object_the_newest_is_left() -> None:
    """What lies between concerns nobody; the others keep their order."""
    found = left(
        event("ADDED", config_map("a", "1")),
        event("MODIFIED", config_map("b", "2")),
        event("MODIFIED", config_map("a", "3")),
        event("MODIFIED", config_map("c", "4")),
        event("MODIFIED", config_map("a", "5")),
    )
    assert found == [("MODIFIED", "2"), ("MODIFIED", "4"), ("MODIFIED", "5")]


def test_that_an_object_went_is_always_told() -> None:
    """One that was made anew is another; one that came and went was there."""
    found = left(
        event("MODIFIED", config_map("a", "1")),
        event("DELETED", config_map("a", "2")),
        event("ADDED", config_map("a", "3")),
        event("MODIFIED", config_map("a", "4")),
    )
    assert found == [("MODIFIED", "1"), ("DELETED", "2"), ("MODIFIED", "4")]


def test_bookmarks_and_what_has_no_readable_name_stay() -> None:
    """They stand for no object that another event could speak of."""
    odd = b'{"type": "MODIFIED", "object": {"metadata": {"name": 7}}}'
    found = left(bookmark("1"), odd, bookmark("2"), odd)
    assert found == [("BOOKMARK", "1"), ("MODIFIED", ""), ("BOOKMARK", "2"), ("MODIFIED", "")]
