"""Bytes of a watch become the same lines, wherever the network cuts them."""

from __future__ import annotations

from hypothesis import given, strategies

from kubectl_prism.kube.watch import Lines


@given(strategies.lists(strategies.text(min_size=1).filter(lambda text: "\n" not in text)), strategies.data())
def test_cuts_do_not_matter(texts: list[str], data: strategies.DataObject) -> None:
    """Any cutting, through characters as well, gives the lines that were sent."""
    sent = b"".join(text.encode() + b"\n" for text in texts)
    cuts = sorted(data.draw(strategies.lists(strategies.integers(0, len(sent)))))
    lines = Lines()
    chunks = [sent[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert [line.decode() for chunk in chunks for line in lines.feed(chunk)] == texts


def test_a_line_that_is_not_finished_is_not_given_out() -> None:
    """Half an event is no event."""
    lines = Lines()
    assert lines.feed(b"whole\nha") == [b"whole"]
    assert lines.feed(b"lf") == []
    assert lines.feed(b"\n\n") == [b"half"]
