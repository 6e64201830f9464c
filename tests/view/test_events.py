"""Events are ours or somebody's, newest first or last, and never more than asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import events
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import Objects
from tests.view.objects import NOW, deployment, named, pod
from tests.view.odd import manifests, worlds

STACK = named("PrismStack", "demo")


def event(name: str, kind: str = "PrismStack", about: str = "demo", *, ago: int = 0, **fields: Any) -> Manifest:  # noqa: ANN401
    body = {"type": "Normal", "reason": "Ready", "message": "so", "lastTimestamp": f"2026-01-02T03:{4 - ago:02}:05Z"}
    involved = {"kind": kind, "namespace": "shop", "name": about}
    return named("Event", name, **{"involvedObject": involved, **body, **fields})


def test_a_row_tells_what_happened_to_whom() -> None:
    """The row leads to the object; a message is one line."""
    (row,) = events.rows([event("e", ago=2, message="two\n lines", count=4)], NOW)
    assert (row.key, row.ref) == ("Event shop/e", Ref("PrismStack", "shop", "demo"))
    assert [cell.text for cell in row.cells] == ["2m", "Normal", "Ready", "PrismStack shop/demo", "two lines", "4"]


@pytest.mark.parametrize(("type", "severity"), [("Warning", Severity.WAITING), ("Normal", Severity.OK)])
def test_a_warning_is_no_failure(type: str, severity: Severity) -> None:
    """It tells what happened, not what is wrong now."""
    assert events.rows([event("e", type=type)], NOW)[0].severity is severity


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lastTimestamp": None, "eventTime": "2026-01-02T03:03:04.987654Z"}, ("60s", "1")),
        (
            {
                "lastTimestamp": None,
                "eventTime": "2026-01-02T02:00:00Z",
                "series": {"count": 7, "lastObservedTime": "2026-01-02T03:03:05.000000Z"},
            },
            ("60s", "7"),
        ),
        ({"lastTimestamp": None}, ("3m", "1")),
        ({"lastTimestamp": None, "metadata": {"name": "e"}}, ("<unknown>", "1")),
    ],
)
def test_times_and_counts_stand_where_their_writer_put_them(fields: Manifest, words: tuple[str, str]) -> None:
    """A series tells more than the time it began with; the object's own age is better than none."""
    (row,) = events.rows([{**event("e"), **fields}], NOW)
    assert (row.cells[0].text, row.cells[5].text) == words


@pytest.mark.parametrize(
    ("newest_first", "limit", "names"),
    [(True, 9, ["a", "b", "c"]), (False, 9, ["c", "b", "a"]), (True, 2, ["a", "b"]), (False, 2, ["b", "a"])],
)
def test_the_newest_are_kept(newest_first: bool, limit: int, names: list[str]) -> None:
    """Whichever way they are read."""
    told = [event("b", ago=1), event("c", ago=2), event("a")]
    found = events.rows(told, NOW, newest_first=newest_first, limit=limit)
    assert [row.key for row in found] == [f"Event shop/{name}" for name in names]


@pytest.mark.parametrize(
    ("kind", "name", "is_ours"),
    [
        ("PrismNamespace", "any", True),
        ("Deployment", "demo-proxy", True),
        ("ReplicaSet", "demo-proxy-7d4b9c", True),
        ("Pod", "demo-proxy-7d4b9c-abcde", True),
        ("Pod", "called-otherwise", True),
        ("HorizontalPodAutoscaler", "demo-proxy", True),
        ("Deployment", "other", False),
        ("Deployment", "foreign", False),
        ("Pod", "foreign-7d4b9c-abcde", False),
        ("Pod", "demo-proxy", False),
        ("Node", "node-1", False),
    ],
)
def test_ours_are_our_kinds_and_what_they_own(kind: str, name: str, is_ours: bool) -> None:
    """A Deployment that nobody of ours owns is somebody else's, and so are its pods."""
    labelled = pod("called-otherwise", "demo-proxy")
    labelled["metadata"]["labels"]["component"] = "prism-proxy"
    objects = Objects(
        stacks=(STACK,),
        deployments=(deployment("demo-proxy", STACK, "prism-proxy"), named("Deployment", "foreign")),
        pods=(labelled,),
    )
    assert bool(events.of_ours([event("e", kind, name)], objects)) is is_ours


def test_one_object_has_its_own() -> None:
    """By kind, namespace and name."""
    told = [event("a"), event("b", about="other"), event("c", kind="PrismPattern")]
    assert events.about(told, Ref("PrismStack", "shop", "demo")) == told[:1]


def test_lines_are_a_table_without_the_object() -> None:
    """The newest stand last; what happened again says how often."""
    told = [event("a", count=3, type="Warning", reason="Failed"), event("b", ago=2)]
    assert events.lines(told, NOW) == ["2m  Normal   Ready   so", "0s  Warning  Failed  so (×3)"]


@given(
    worlds(),
    st.lists(manifests("Event"), max_size=3),
    st.dictionaries(
        st.sampled_from(["series", "involvedObject", "eventTime", "lastTimestamp", "count", "message"]),
        st.none() | st.integers() | st.text() | st.just({"count": "x", "kind": [], "lastObservedTime": 3}),
    ),
)
def test_odd_events_do_not_stop_the_page(objects: Objects, odd: list[Manifest], fields: Manifest) -> None:
    """Whatever somebody wrote into an Event, it has a row."""
    told = [{**one, **fields} for one in odd]
    assert len(events.rows(told, NOW)) == len(events.lines(told, NOW)) == len(told)
    assert events.of_ours(told, objects) == [one for one in told if one in events.of_ours([one], objects)]
