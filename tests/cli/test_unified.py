"""A difference shows what a person wants changed, hides what the server keeps, and never a secret."""

from __future__ import annotations

import copy
from typing import Any

from kubectl_prism.cli import dropping
from kubectl_prism.cli.unified import unified
from kubectl_prism.model.meta import Manifest, Ref

SECRET = Ref("Secret", "shop", "s")
CONFIG = Ref("ConfigMap", "shop", "c")


def plain(text: str, _style: object) -> str:
    return text


def obj(**body: Any) -> Manifest:  # noqa: ANN401 (as open as JSON)
    return {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, **body}


def diff(ref: Ref, before: Manifest | None, after: Manifest | None) -> list[str]:
    return list(unified(ref, before, after, paint=plain))


def test_what_the_server_keeps_is_no_difference() -> None:
    """Status, versions, field owners and our own mark may differ."""
    before = obj(data={"a": "1"}, status={"x": 1})
    after = copy.deepcopy(before) | {"status": {"x": 2}}
    after["metadata"] |= {"resourceVersion": "9", "managedFields": [{}], "annotations": {"prism.io/intent": "z"}}
    assert diff(CONFIG, before, after) == []


def test_a_change_reads_as_a_unified_diff() -> None:
    """Keys in one order; live before, wanted after."""
    assert diff(CONFIG, obj(data={"b": "1", "a": "1"}), obj(data={"a": "1", "b": "2"})) == [
        "--- live ConfigMap shop/c",
        "+++ wanted ConfigMap shop/c",
        "@@ -1,7 +1,7 @@",
        " apiVersion: v1",
        " data:",
        "   a: '1'",
        "-  b: '1'",
        "+  b: '2'",
        " kind: X",
        " metadata:",
        "   name: x",
    ]


def test_new_and_deleted_objects_are_shown_whole() -> None:
    """Every line is added, or removed."""
    added, removed = diff(CONFIG, None, obj()), diff(CONFIG, obj(), None)
    assert [line[0] for line in added[3:]] == ["+"] * 4
    assert [line[0] for line in removed[3:]] == ["-"] * 4


def test_a_secret_is_never_shown() -> None:
    """That a value changes is shown, the value is not, not in a new Secret either."""
    lines = diff(SECRET, obj(data={"p": "b2xk", "q": "c2FtZQ=="}), obj(data={"p": "bmV3", "q": "c2FtZQ=="}))
    assert "-  p: '*** (before)'" in lines
    assert "+  p: '*** (after)'" in lines
    assert "   q: '***'" in lines
    text = "\n".join([*lines, *diff(SECRET, None, obj(data={"p": "bmV3"}, stringData={"r": "plain"}))])
    assert not any(value in text for value in ("b2xk", "bmV3", "c2FtZQ", "plain"))


def test_a_password_in_an_url_is_hidden_and_its_change_is_not() -> None:
    """Credentials are cut; when nothing else differs, that is said."""
    lines = diff(CONFIG, obj(url="redis://u:old@host"), obj(url="redis://u:new@host"))
    assert lines[2:] == ["@@ only credentials differ @@"]
    text = "\n".join(diff(CONFIG, None, obj(url="redis://u:new@host")))
    assert ("new" in text.replace("new file", ""), "redis://…@host" in text) == (False, True)


OWNED = {
    "f:spec": {
        "f:replicas": {},
        "f:paused": {},
        "f:strategy": {"f:type": {}},
        "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}},
    }
}


THEIRS: Manifest = {"f:spec": {"f:replicas": {}, "f:ports": {'k:{"port":81,"protocol":"TCP"}': {"f:port": {}}}}}


def live(**spec: Any) -> Manifest:  # noqa: ANN401 (as open as JSON)
    entries = [
        {"manager": "us", "operation": "Update", "fieldsV1": OWNED},
        {"manager": "hpa", "operation": "Update", "fieldsV1": THEIRS},
        {"manager": "us", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {"f:x": {}}}},
    ]
    return {"metadata": {"name": "x", "managedFields": entries}, "spec": spec, "status": {"x": 1}}


def test_a_field_that_is_let_go_is_dropped_unless_it_is_a_default() -> None:
    """Ours and no longer wanted goes; what others own, what the server fills in, and the status stay."""
    before = live(
        replicas=3, paused=True, strategy={"type": "Recreate"}, ports=[{"port": 80, "name": "a"}, {"port": 81}]
    )
    defaults = {"spec": {"strategy": {"type": "RollingUpdate"}}}
    after = dropping.dropped(before, before, {"spec": {}}, defaults=defaults, manager="us")
    assert after["spec"] == {"replicas": 3, "strategy": {"type": "RollingUpdate"}, "ports": [{"port": 81}]}
    assert after["status"] == {"x": 1}
    assert before["spec"]["paused"] is True


def test_what_is_still_wanted_stays() -> None:
    """Fields and items of lists that the intent speaks of are left as they are."""
    spec: dict[str, Any] = {"paused": True, "ports": [{"port": 80, "name": "a"}]}
    wanted = {"spec": {"paused": True, "ports": [{"port": 80, "protocol": "TCP"}]}}
    after = dropping.dropped(live(**spec), live(**spec), wanted, defaults={}, manager="us")
    assert after["spec"] == {"paused": True, "ports": [{"port": 80}]}
