"""The end of one attempt, and the rows the ledger makes of it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from anclora.messages.intent import Intent
from anclora.messages.rules import FOLLOW_SECONDS, Rest, Verdict
from anclora.providers.contract import Outcome, Scope, Sent, Unknown


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one attempt, and when it came."""

    intent: Intent
    outcome: Outcome
    verdict: Verdict
    at: datetime


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result as the ledger takes it: the names of `store_results`."""

    id: UUID
    attempt: int
    instance: str
    intent_at: datetime
    finished_at: datetime
    outcome: str
    state: str
    code: str | None = None
    text: str | None = None
    provider_id: str | None = None
    next_attempt_at: datetime | None = None
    costs_try: bool = False
    paused: bool = False
    blocks_seconds: float | None = None
    reason_code: str | None = None
    reason_text: str | None = None


class SentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A result that simply is sent: the names of `store_sent`."""

    id: UUID
    attempt: int
    instance: str
    intent_at: datetime
    finished_at: datetime
    provider_id: str


class RestRow(msgspec.Struct, frozen=True, kw_only=True):
    """What rests, as the ledger takes it; recipient and class '' = every, both = the lane.

    Attributes:
        until: counted from the answer that asked for it.
        follow_seconds: how much longer than the probe the others wait.
        account: the other lanes of the number's provider rest too.
    """

    instance: str
    recipient: str
    kind: str = msgspec.field(name="class")
    until: datetime
    follow_seconds: float
    reason: str
    probe: UUID | None
    account: bool


def row_of(result: Result) -> Row:
    """The attempt and what it makes of the message."""
    intent, outcome, verdict = result.intent, result.outcome, result.verdict
    sent = isinstance(outcome, Sent)
    return Row(
        id=intent.id,
        attempt=intent.attempt,
        instance=intent.instance,
        intent_at=intent.intent_at,
        finished_at=result.at,
        outcome=type(outcome).__name__.lower(),
        code=None if sent else outcome.code,
        text=None if sent else outcome.text,
        provider_id=outcome.provider_id if sent else None,
        state=verdict.state.value,
        next_attempt_at=verdict.next_attempt_at,
        costs_try=verdict.costs_try,
        paused=verdict.paused,
        blocks_seconds=verdict.blocks_seconds,
        reason_code=verdict.code,
        reason_text=verdict.text,
    )


def plainly_sent(batch: Sequence[Result]) -> list[SentRow]:
    """Those that were sent, wake nobody, and have a provider's id to themselves; by their ids."""
    rows: dict[tuple[str, str], SentRow] = {}
    shared: set[tuple[str, str]] = set()
    for result in batch:
        intent, outcome = result.intent, result.outcome
        if isinstance(outcome, Sent) and not intent.trial.lane_refusals:
            key = (intent.instance, outcome.provider_id)
            if key in rows:
                shared.add(key)
            rows[key] = SentRow(
                id=intent.id,
                attempt=intent.attempt,
                instance=intent.instance,
                intent_at=intent.intent_at,
                finished_at=result.at,
                provider_id=outcome.provider_id,
            )
    return sorted((row for key, row in rows.items() if key not in shared), key=lambda row: row.id)


def rests_of(batch: Sequence[Result]) -> list[RestRow]:
    """What rests after a group of results, each once, the longest; sorted, since two processes may write the same."""
    longest: dict[tuple[str, str, str], RestRow] = {}
    for result in batch:
        rest = result.verdict.rest
        if rest is None:
            continue
        for row in _rows(result, rest):
            key = (row.instance, row.recipient, row.kind)
            known = longest.get(key)
            if known is None or row.until >= known.until:
                longest[key] = row
    return [longest[key] for key in sorted(longest)]


def _rows(result: Result, rest: Rest) -> list[RestRow]:
    intent = result.intent
    probe = intent.id if rest.probed and not rest.whole_lane else None
    account = rest.scope is Scope.ACCOUNT and rest.whole_lane
    return [
        RestRow(
            instance=intent.instance,
            recipient=intent.recipient if rest.scope is Scope.RECIPIENT else "",
            kind=kind,
            until=result.at + timedelta(seconds=rest.seconds),
            follow_seconds=FOLLOW_SECONDS if probe or account else 0.0,
            reason=result.verdict.code or "refused",
            probe=probe,
            account=account,
        )
        for kind in sorted(rest.classes) or [""]
    ]


def woken_by(batch: Sequence[Result]) -> list[UUID]:
    """The messages whose pause is over: what rested for one of them may go again."""
    return [
        result.intent.id
        for result in batch
        if result.intent.trial.lane_refusals and result.verdict.rest is None and not isinstance(result.outcome, Unknown)
    ]
