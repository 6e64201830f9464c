"""`-o jsonpath` reads templates as kubectl does; what is expected here was written by kubectl itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism.cli import jsonpath
from kubectl_prism.errors import PrismError, UsageError
from tests.cluster import Cluster

OBJECT: dict[str, Any] = {
    "apiVersion": "example.io/v1",
    "kind": "Example",
    "metadata": {"name": "demo", "labels": {"app.kubernetes.io/name": "proxy", "b": "c", "x": "y"}},
    "spec": {
        "num": 5,
        "half": 1.5,
        "third": 0.3333333333333333,
        "big": 123456789012,
        "huge": 1e21,
        "small": 0.00001,
        "yes": True,
        "nothing": None,
        "text": 'x<y & "z"',
        "empty": "",
        "list": [1, 2, 3, 4],
        "map": {"b": 1, "a": ["x", {"yy": "z<"}]},
        "items": [
            {"k": "a", "v": 1, "w": {"q": "r"}},
            {"k": "b", "v": 2, "on": True},
            {"k": "c", "on": False},
        ],
    },
}

GOLDEN = {
    "{.metadata.name}": "demo",
    "{ .metadata.name }": "demo",
    "{$.spec.num} {@.spec.half}": "5 1.5",
    "{.spec.big} {.spec.huge} {.spec.small} {.spec.third}": "123456789012 1e+21 1e-05 0.3333333333333333",
    "{.spec.yes}|{.spec.nothing}|{.spec.text}|{.spec.empty}": 'true|null|x<y & "z"|',
    "{.spec.list}": "[1,2,3,4]",
    "{.spec.list[*]}": "1 2 3 4",
    "{.spec.map}": '{"a":["x",{"yy":"z\\u003c"}],"b":1}',
    "{.spec.list[0]} {.spec.list[-1]} {.spec.list[0,2]}": "1 4 1 3",
    "{.spec.list[1:3]} {.spec.list[::2]} {.spec.list[-2:]} {.spec.list[:2]}": "2 3 1 3 3 4 1 2",
    "{.spec.nope}|{.spec.nope.x}|{.spec.nope[0]}|{.spec.num.x}": "|||",
    "{.spec.items[?(@.v)].k}": "a b",
    "{.spec.items[?(@.v==2)].k}": "b",
    "{.spec.items[?(@.v>1)].k} {.spec.items[?(@.v>=1)].k} {.spec.items[?(@.v<2)].k}": "b a b a",
    '{.spec.items[?(@.k=="b")].v}': "2",
    "{.spec.items[?( @.k == 'b' )].v}": "2",
    '{.spec.items[?(@.k!="b")].k}': "a c",
    "{.spec.items[?(@.on==true)].k}": "b",
    '{.spec.items[?(@.w.q=="r")].k}': "a",
    "{.spec.items[?(@.v==@.v)].k}": "a b",
    '{.spec.items[?(@.k=="]")].v}': "",
    '{.spec.items[?(@.k=="b")]}': '{"k":"b","on":true,"v":2}',
    '{range .spec.items[*]}{.k}{"\\t"}{.v}{"\\n"}{end}': "a\t1\nb\t2\nc\t\n",
    "{range .spec.items[*]}[{.k}, {.w.q}] {end}x": "[a, r] [b, ] [c, ] x",
    "{range .spec.items[*]}{range @.w}{.q}{end};{end}": "r;;;",
    "{range .spec.list}{@},{end}": "[1,2,3,4],",
    "{range .spec.list[*]}{@},{end}": "1,2,3,4,",
    "{range .spec.items[*]}{.k}": "abc",
    "{.metadata.labels.app\\.kubernetes\\.io/name}": "proxy",
    "{.metadata.labels['app\\.kubernetes\\.io/name']}": "proxy",
    "{.metadata.labels['app.kubernetes.io/name']}": "",
    "{..k}": "a b c",
    "{.spec..q}": "r",
    "{.spec['num','half']}": "5 1.5",
    "{.spec.items[*]['k','v']}": "a b c 1 2",
    ".metadata.name": ".metadata.name",
    'x{.metadata.name}y{"lit"}': "xdemoylit",
    "{'a\\nb'}{\"\\u00e9\"}": "a\nbé",
    '{"{"}{.metadata.name}{"}"}': "{demo}",
    "{.spec.yes}{.spec.items[1:].k}": "trueb c",
}

WRONG = [
    "{.metadata.name",
    "{name}",
    "{end}",
    "{.spec.list[a]}",
    "{.a, .b}",
    '{.spec.items[?(@.k=~"b")].v}',
    "{.a[0}",
    "",
]
FAILING = ["{.spec.list[9]}", "{.spec.list[-9]}", "{.spec.map[0]}"]


@pytest.mark.parametrize(("template", "expected"), GOLDEN.items())
def test_a_template_gives_what_kubectl_gives(template: str, expected: str) -> None:
    """Fields, indexes, slices, unions, filters, ranges, quotes, and how values are written."""
    assert jsonpath.compile(template)(OBJECT) == expected


@pytest.mark.parametrize("template", WRONG)
def test_a_wrong_template_is_wrong_usage(template: str) -> None:
    """What kubectl does not read, we do not read either, and say so before anything is asked of a cluster."""
    with pytest.raises(UsageError, match="jsonpath"):
        jsonpath.compile(template)


@pytest.mark.parametrize("template", FAILING)
def test_what_the_object_does_not_have_in_a_list_is_an_error(template: str) -> None:
    """An index out of range is an error, as in kubectl; a missing field is not."""
    with pytest.raises(PrismError):
        jsonpath.compile(template)(OBJECT)


def test_kubectl_agrees(cluster: Cluster, tmp_path: Path) -> None:
    """Real kubectl, asked without a cluster, gives the same for every template, the wrong ones included."""
    file = tmp_path / "object.json"
    file.write_text(json.dumps(OBJECT))
    command = [str(cluster.kubectl), "label", "--local", "-f", str(file), "x=y", "-o"]

    def asked(template: str) -> str | None:
        done = subprocess.run([*command, f"jsonpath={template}"], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    assert {template: asked(template) for template in GOLDEN} == GOLDEN
    assert [asked(template) for template in WRONG + FAILING] == [None] * len(WRONG + FAILING)
