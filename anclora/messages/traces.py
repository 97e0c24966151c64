"""The steps of messages as they are traced: accepted, each attempt, each receipt that raised it.

Called only while somebody traces (`tracing.active`), so that nobody else pays for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from anclora.kit.tracing import Traces
from anclora.messages.attempt import Result
from anclora.messages.model import NewMessage
from anclora.providers.contract import Sent

_RANKS = ("error", "server", "delivered", "read", "played")


def trace_accepted(traces: Traces, messages: Sequence[NewMessage], *, began: datetime, ended: datetime) -> None:
    """These were stored."""
    for message in messages:
        if traces.wants(message.id):
            about = {"anclora.instance": message.instance, "anclora.class": message.kind.value}
            traces.tell(message.id, "accept", began=began, ended=ended, first=True, attributes=about)


def trace_attempts(traces: Traces, batch: Sequence[Result], states: Mapping[UUID, str]) -> None:
    """These were tried."""
    for result in batch:
        intent, outcome = result.intent, result.outcome
        if traces.wants(intent.id):
            code = "" if isinstance(outcome, Sent) else outcome.code
            traces.tell(
                intent.id,
                "send",
                began=intent.intent_at,
                ended=result.at,
                kind="client",
                failed=code or None,
                attributes={
                    "anclora.instance": intent.instance,
                    "anclora.attempt": intent.attempt,
                    "anclora.outcome": type(outcome).__name__.lower(),
                    "anclora.code": code,
                    "anclora.state": states.get(intent.id, "unchanged"),
                },
            )


def trace_receipts(
    traces: Traces, ranks: Mapping[tuple[str, str], int], rows: Sequence[TupleRow], at: datetime
) -> None:
    """These were raised by what the provider told; `rows` are those of `apply_receipts`."""
    for message_id, changed, _, refused, instance, provider_id in rows:
        if changed and traces.wants(message_id):
            word = "error" if refused else _RANKS[ranks.get((instance, provider_id), 1)]
            about = {"anclora.instance": instance}
            failed = "provider_error" if refused else None
            traces.tell(
                message_id, f"receipt {word}", began=at, ended=at, kind="consumer", failed=failed, attributes=about
            )
