"""How well incidents were answered: times to acknowledge against their targets, and how the load was shared."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from math import ceil

import msgspec

from anclora.incidents.ledger import QUERIES
from anclora.incidents.rules import ACK_SECONDS
from anclora.kit.ids import first_id_at
from anclora.kit.severity import PRESSING, Pressing
from anclora.storage.database import Connection, fetch_all


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How the incidents of a severity that opened in a span were acknowledged by its end.

    Attributes:
        opened: how many.
        acknowledged: how many somebody took.
        within_target: of those, in time.
        target_seconds: by the playbook: 5 min of a critical one, 30 min of business time of a warning.
        ended_alone: resolved before anybody took them.
        waiting: that nobody had by then.
        p50_seconds: counted time to acknowledge; None = nobody took any. `p95_seconds` likewise.
    """

    severity: Pressing
    opened: int
    acknowledged: int
    within_target: int
    target_seconds: float
    ended_alone: int
    waiting: int
    p50_seconds: float | None
    p95_seconds: float | None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What being on call cost somebody in a span; `at_night` = from 22 to 7 by the business clock."""

    person: str
    pages: int
    at_night: int
    p50_ack_seconds: float | None
    p95_ack_seconds: float | None


async def answered(conn: Connection, since: datetime, before: datetime) -> list[Answered]:
    """Times to acknowledge of incidents that opened in a span, by severity, as it stood at its end."""
    ids = {"first_id": first_id_at(since), "end_id": first_id_at(before)}
    rows = await fetch_all(conn, QUERIES["ack_times"], **ids, before=before)
    found: list[Answered] = []
    for severity in PRESSING:
        mine = [row for row in rows if row["severity"] == severity.value]
        times = [row["ack_seconds"] for row in mine if row["ack_seconds"] is not None]
        target = ACK_SECONDS[severity]
        untaken = [row for row in mine if row["ack_seconds"] is None]
        found.append(
            Answered(
                severity=severity,
                opened=len(mine),
                acknowledged=len(times),
                within_target=sum(each <= target for each in times),
                target_seconds=target,
                ended_alone=sum(row["is_over"] for row in untaken),
                waiting=sum(not row["is_over"] for row in untaken),
                p50_seconds=percentile(times, 50),
                p95_seconds=percentile(times, 95),
            )
        )
    return found


async def load(conn: Connection, zone: str, since: datetime, before: datetime) -> list[Load]:
    """Who was called how often in a span, the most burdened first."""
    span = {"since": since, "before": before}
    times: dict[str, list[float]] = defaultdict(list)
    for row in await fetch_all(conn, QUERIES["acked_by_person"], **span):
        times[row["person"]].append(row["ack_seconds"])
    rows = await fetch_all(conn, QUERIES["page_load"], **span, zone=zone)
    return [
        Load(
            person=row["person"],
            pages=row["pages"],
            at_night=row["at_night"],
            p50_ack_seconds=percentile(times[row["person"]], 50),
            p95_ack_seconds=percentile(times[row["person"]], 95),
        )
        for row in rows
        if row["person"]
    ]


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that opened or came back `times` times in a span, about so many different things."""

    name: str
    times: int
    things: int


class NightPage(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was called at night, by the alert `name`."""

    at: datetime
    person: str
    name: str


async def flapping(conn: Connection, since: datetime, most: int) -> list[Flapping]:
    """Alerts that opened or came back more than `most` times since then, the most restless first; 10 at most."""
    values = {"first_id": first_id_at(since), "since": since, "most": most}
    return [Flapping(**row) for row in await fetch_all(conn, QUERIES["flapping"], **values)]


async def night_pages(conn: Connection, zone: str, since: datetime, before: datetime) -> list[NightPage]:
    """Calls of a span that came at night, the newest first; 10 at most."""
    values = {"since": since, "before": before, "zone": zone}
    return [NightPage(**row) for row in await fetch_all(conn, QUERIES["night_pages"], **values)]


def percentile(values: Sequence[float], share: int) -> float | None:
    """The smallest value that so many percent do not exceed; None of no values."""
    return sorted(values)[ceil(len(values) * share / 100) - 1] if values else None
