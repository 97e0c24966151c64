"""Heads of webhooks the server's parser has read once: one that comes again, but for its length, is not read again.

A sender's requests to one address differ in nothing but their body and its length, and reading twenty lines costs more
than what we do with what they say. Nothing is parsed here that the parser has not passed, byte for byte.
"""

from typing import NamedTuple

_END = b"\r\n\r\n"
_NAME = b"\ncontent-length: "
_TAIL = _NAME[-7:]  # as both Content-Length and content-length end
_BOUND = 1_000
_LONGEST = 8_000
_DIGITS = 9


class Head(NamedTuple):
    """What a head says.

    Attributes:
        path: of the request.
        name: of the number in it.
        secret: that came along.
    """

    path: str
    name: str
    secret: str


class Heads:
    """The heads of one process; when there are too many, all are forgotten."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body of exactly one whole request whose head is known."""
        cut = _cut(data)
        if cut is None:
            return None
        key, length, first = cut
        head = self._known.get(key)
        return None if head is None or len(data) - first != length else (head, data[first:])

    def learn(self, data: bytes, head: Head) -> None:
        """Remember what the parser read from one whole request of a connection that stays."""
        cut = _cut(data)
        if cut is None:
            return
        key, length, first = cut
        at = key.find(_TAIL) + len(_TAIL)
        if len(data) - first != length or first > _LONGEST or key[at - len(_NAME) : at].lower() != _NAME:
            return
        if len(self._known) >= _BOUND:
            self._known.clear()
        self._known[key] = head


def _cut(data: bytes) -> tuple[bytes, int, int] | None:
    """The head without its length, the length, and where the body begins."""
    first = data.find(_END) + len(_END)
    at = data.find(_TAIL, 0, first) + len(_TAIL)
    if first <= len(_END) or at < len(_NAME):
        return None
    end = data.find(b"\r", at, first)
    digits = data[at:end]
    if not digits.isdigit() or len(digits) > _DIGITS:
        return None
    return data[:at] + data[end:first], int(digits), first
