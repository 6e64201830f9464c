"""Logs: the same facts as lines for people and as JSON for machines."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest

from kubectl_prism.errors import UsageError
from kubectl_prism.reconcile.logs import Format, configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave the loggers as they were found."""
    root, ours = logging.getLogger(), logging.getLogger("kubectl_prism")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def logged(format: Format, level: str) -> list[str]:
    """Return what is written of one line of each level, the error with a traceback."""
    stream = io.StringIO()
    configure(format, level, stream=stream)
    log = logging.getLogger("kubectl_prism.reconcile.controller")
    log.debug("detail")
    log.info("PrismStack %s is Ready", "default/s")
    try:
        raise ValueError("oops")
    except ValueError:
        log.exception("failed")
    return stream.getvalue().splitlines()


def test_json_lines_are_objects_with_the_usual_fields() -> None:
    """One object a line, the traceback inside."""
    lines = [msgspec.json.decode(line) for line in logged("json", "info")]
    assert [(line["level"], line["logger"], line["msg"]) for line in lines] == [
        ("info", "reconcile.controller", "PrismStack default/s is Ready"),
        ("error", "reconcile.controller", "failed"),
    ]
    assert lines[0]["ts"].endswith("Z")
    assert lines[1]["stacktrace"].endswith("ValueError: oops")


def test_text_lines_are_for_people() -> None:
    """Time, level, room, message; the traceback after it."""
    first, second, *trace = logged("text", "INFO")
    assert first[13:] == "INFO    reconcile.controller: PrismStack default/s is Ready"
    assert second[13:] == "ERROR   reconcile.controller: failed"
    assert trace[-1] == "ValueError: oops"


def test_the_level_decides_what_is_written() -> None:
    """Debug is everything, error is errors only."""
    assert "detail" in logged("text", "debug")[0]
    assert logged("json", "error")[0].startswith('{"ts"')
    assert len(logged("json", "error")) == 1


def test_what_a_library_says_has_the_same_form() -> None:
    """A warning of asyncio or aiohttp is an object too, and their chatter is left out."""
    stream = io.StringIO()
    configure("json", "debug", stream=stream)
    logging.getLogger("asyncio").info("chatter")
    logging.getLogger("asyncio").error("Fatal error on SSL protocol")
    (line,) = stream.getvalue().splitlines()
    assert msgspec.json.decode(line)["msg"] == "Fatal error on SSL protocol"


def test_a_level_that_is_none_is_wrong_usage() -> None:
    """The error names the right ones."""
    with pytest.raises(UsageError, match="'loud' is none of debug, info, warn, error"):
        configure("text", "loud")
