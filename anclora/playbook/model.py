"""The nouns of the playbook. Pure; `book/*.toml` is written in the first half of them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from anclora.reports import Lang

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Comparison = Literal["is", "below", "at_most", "at_least"]
NoData = Literal["unknown", "finding"]


class Checklist(StrEnum):
    """The six routines, by the word of the command line."""

    MORNING = "morning"
    EVENING = "evening"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    PRE_DEPLOY = "pre-deploy"
    POST_DEPLOY = "post-deploy"


class Verdict(StrEnum):
    """What a check came to. Only `ok` is green."""

    OK = "ok"
    FINDING = "finding"
    UNKNOWN = "unknown"
    NOT_CONFIGURED = "not_configured"


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the files: a word nobody knows is an error."""


class Text(_Row, frozen=True, kw_only=True):
    """The same in both languages of the team."""

    en: Words
    es: Words

    def of(self, lang: Lang) -> str:
        """In one of them."""
        return self.es if lang == "es" else self.en


class Check(_Row, frozen=True, kw_only=True):
    """One line of a routine.

    Attributes:
        id: unique in its routine; stored with every run.
        name: a word or two, for the table.
        question: what is asked.
        query: who measures it: a name of `sources`.
        comparison: how what is measured must stand to `threshold`.
        unit: of the number measured.
        no_data: what it is when nothing can be measured: unknown, or a finding where nothing there is the finding.
        evidence: where to look for oneself: a path of the API, a dashboard, or a command.
        runbook: page below docs/ that says what to do.
        owner: who looks after it.
        action: a safe action that may mend it, by name; empty = none is safe.
    """

    id: Name
    name: Text
    question: Text
    query: str
    comparison: Comparison
    threshold: float | str
    unit: Text | None = None
    no_data: NoData = "unknown"
    evidence: Words
    runbook: Words
    owner: Words
    action: str = ""


class Routine(_Row, frozen=True, kw_only=True):
    """One file of the book.

    Attributes:
        title: of the routine.
        when: when it is run, in words.
        at: business time of day it runs by itself; empty = only by hand.
        weekday: 1 = Monday, to 7; 0 = any day. `day`: of the month; 0 = any.
        max_interval_seconds: a last run older than this is an alert; 0 = it has no time.
        gate: what is not configured closes it too, since nothing may be let through unseen.
    """

    title: Text
    when: Text
    at: Annotated[str, msgspec.Meta(pattern=r"^(\d\d:\d\d)?$")] = ""
    weekday: Annotated[int, msgspec.Meta(ge=0, le=7)] = 0
    day: Annotated[int, msgspec.Meta(ge=0, le=28)] = 0
    max_interval_seconds: float = 0
    gate: bool = False
    check: tuple[Check, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to.

    Attributes:
        value: as measured; None = nothing was.
        usual: the median of up to four earlier runs at the same hour of the same weekday; None = there are none, or
            what is measured is no number.
        facts: the evidence: what stands behind the value, the most telling first.
        reason: why it is unknown, or which settings are missing.
        at: when it was measured.
    """

    check: str
    verdict: Verdict
    value: float | str | None = None
    usual: float | None = None
    facts: Sequence[str] = ()
    reason: str = ""
    at: datetime
    took_ms: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a routine.

    Attributes:
        due_at: the moment it was due, when it ran by itself; None = by hand.
        actor: `schedule`, or whoever ran it.
        commit: what was asked about before a deploy.
    """

    id: UUID
    checklist: Checklist
    due_at: datetime | None
    started_at: datetime
    ended_at: datetime
    actor: str
    commit: str | None = None
    results: Sequence[Result]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a safe action would do, said before it does anything.

    Attributes:
        steps: one line each; none = there is nothing to do.
        refused: the guard rail that stands in the way; None = it may be done.
    """

    check: str
    action: str
    steps: Sequence[str] = ()
    refused: str | None = None


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a safe action: fixed, not_needed, refused, or failed and what was undone."""

    check: str
    action: str
    result: Literal["fixed", "not_needed", "refused", "failed"]
    detail: str
