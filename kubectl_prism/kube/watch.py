"""Cuts the byte stream of a watch into lines, one event each.

Used by `informer`. Lines may be of any length and may be cut anywhere, in the middle of a character as well; a line
that the stream did not finish is dropped, since the watch that follows brings it again.
"""

from __future__ import annotations


class Lines:
    """Collects chunks and gives out the lines that are complete."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Add a chunk; return the lines it completed, without their ends."""
        head, *lines = chunk.split(b"\n")
        self._begun.append(head)
        if not lines:
            return []
        lines.insert(0, b"".join(self._begun))
        self._begun = [lines.pop()]
        return [line for line in lines if line]
