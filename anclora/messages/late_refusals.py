"""A refusal that comes late, as a status: the message has failed, and what its code stops rests as after an answer.

Meta tells most of its limits so. The rests are rows that the intents obey; the lanes themselves go on proposing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from anclora.providers.contract import ReceiptEvent, Scope
from anclora.providers.contract.spelling import variants
from anclora.storage.database import Statement
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
# Our own choice, since a status names no time: the next refusal makes it longer. Marketing to somebody who has had
# enough of it, or from a number that was reported, waits longer than a queue that was too fast.
_REST_SECONDS: Mapping[Scope, float] = {Scope.LANE: 10.0, Scope.ACCOUNT: 60.0, Scope.RECIPIENT: 60.0}
_OF_CLASSES_SECONDS: Mapping[Scope, float] = {Scope.LANE: 3_600.0, Scope.ACCOUNT: 3_600.0, Scope.RECIPIENT: 86_400.0}
_encode = msgspec.json.Encoder().encode


class _Rest(msgspec.Struct, frozen=True, kw_only=True):
    instance: str
    recipient: str
    kind: str = msgspec.field(name="class")
    until: datetime
    reason: str
    account: bool


def resting(heard: Sequence[tuple[str, datetime, ReceiptEvent]]) -> list[Statement]:
    """The statement that makes rest what these late refusals stop, if they stop anything.

    Args:
        heard: with each its number and when it arrived.
    """
    longest: dict[tuple[str, str, str, bool], _Rest] = {}
    for instance, at, event in heard:
        for row in _rows(instance, at, event):
            key = (row.instance, row.recipient, row.kind, row.account)
            known = longest.get(key)
            if known is None or row.until > known.until:
                longest[key] = row
    return [(QUERIES["rest_late"], {"rests": _encode(list(longest.values())).decode()})] if longest else []


def _rows(instance: str, at: datetime, event: ReceiptEvent) -> list[_Rest]:
    refusal = event.refusal
    if refusal is None or refusal.permanent or refusal.scope not in _REST_SECONDS:
        return []
    seconds = (_OF_CLASSES_SECONDS if refusal.classes else _REST_SECONDS)[refusal.scope]
    people = variants(event.recipient or "") if refusal.scope is Scope.RECIPIENT else ("",)
    return [
        _Rest(
            instance=instance,
            recipient=person,
            kind=kind,
            until=at + timedelta(seconds=seconds),
            reason=refusal.code,
            account=refusal.scope is Scope.ACCOUNT,
        )
        for person in people
        if person or refusal.scope is not Scope.RECIPIENT
        for kind in sorted(refusal.classes) or [""]
    ]
