"""The nouns of drills. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec


class Scenario(StrEnum):
    """What is broken on purpose."""

    REDIS_LOSS = "redis-loss"
    CORRUPTION = "corruption"
    CREDENTIAL_ROTATION = "credential-rotation"
    POSTGRES_POINT_IN_TIME = "postgres-point-in-time"
    CONFIGURATION = "configuration"
    REGION = "region"


class Target(NamedTuple):
    """What is promised of a scenario, in seconds, and what it is about, in one sentence."""

    rto_seconds: float
    rpo_seconds: float
    about: str


_QUARTER_OF_AN_HOUR = 900.0
_TWO_MINUTES = 120.0
_FIVE_MINUTES = 300.0

# The times to come back and the losses the operator was promised: a quarter of an hour, two minutes for the lanes; no
# accepted message, and where the ledger itself is gone at most five minutes.
TARGETS: Mapping[Scenario, Target] = {
    Scenario.REDIS_LOSS: Target(
        _TWO_MINUTES, 0.0, "Redis and everything it kept is gone while messages wait and go out."
    ),
    Scenario.CORRUPTION: Target(
        _QUARTER_OF_AN_HOUR, 0.0, "Redis crashes, and the file it would start from is damaged in the middle."
    ),
    Scenario.CREDENTIAL_ROTATION: Target(
        _QUARTER_OF_AN_HOUR, 0.0, "API key and both servers' passwords leaked: all are changed under traffic."
    ),
    Scenario.POSTGRES_POINT_IN_TIME: Target(
        _QUARTER_OF_AN_HOUR,
        _FIVE_MINUTES,
        "Somebody deletes every message: the ledger of just before comes back.",
    ),
    Scenario.CONFIGURATION: Target(
        _QUARTER_OF_AN_HOUR,
        0.0,
        "Every setting is lost: they come from their backup, the secrets from the vault.",
    ),
    Scenario.REGION: Target(
        _QUARTER_OF_AN_HOUR,
        _FIVE_MINUTES,
        "Everything is gone but the bucket: other servers are made from it.",
    ),
}

MONTHLY = tuple(Scenario)  # the set of the 1st of each month


Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, so many seconds after the drill began."""

    at_seconds: Seconds
    what: Sentence


class Drill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rehearsal and what was measured.

    Attributes:
        scenario: what was broken.
        started_at: UTC.
        seconds: how long all of it took, counting to the end included.
        messages: how many were accepted.
        rto_seconds: from the failure until messages left again and nothing was missing in the lanes, or until the doors
            were open again; None = it never came back.
        rpo_seconds: how long before the failure the oldest lost message was accepted; 0 = none was lost.
        lost: accepted and never gone out, though not refused for good.
        doubled: gone out more than once.
        figures_off: differences between the figures and a recount of the rows.
        steps: what happened, in order.
        failures: what is not as promised, a sentence each; empty = passed.
    """

    scenario: Scenario
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    seconds: Seconds
    messages: Count
    rto_seconds: Seconds | None
    rpo_seconds: Seconds
    lost: Count
    doubled: Count
    figures_off: Count
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=100)] = ()
    failures: Annotated[tuple[Sentence, ...], msgspec.Meta(max_length=100)] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as promised."""
        return not self.failures
