"""The figures of conversations and of agents, told apart: by slices of time, by number, by agent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from anclora.conversations.outs import QUERIES
from anclora.storage.database import Database, moment_list

T = TypeVar("T", bound=msgspec.Struct)


class Part(NamedTuple):
    """What figures are told apart by; `cuts` = the beginnings of the slices of time, the first that of the span."""

    by: Literal["at", "instance", "agent"]
    cuts: Sequence[datetime] = ()


class TalkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations of one part; `active` of slices of time is not counted here.

    Attributes:
        first_response_p50: seconds that people waited for the first answer, of the `answered`; null without any.
    """

    active: int = 0
    new: int = 0
    closed: int = 0
    handoffs: int = 0
    answered: int = 0
    first_response_p50: float | None = None
    first_response_p95: float | None = None


class AgentCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What agents did in one part.

    Attributes:
        claimed: conversations taken.
        handoffs_claimed: those of them that answered a handoff.
        released: conversations given back.
        answered: conversations that they answered first.
    """

    claimed: int = 0
    handoffs_claimed: int = 0
    released: int = 0
    answered: int = 0
    first_response_p50: float | None = None
    first_response_p95: float | None = None


class Apart(NamedTuple, Generic[T]):
    """Figures part by part, by a number, an agent, or the place of a slice from 1 on; and of all parts together.

    Those that go on at the end of a span are in none of its slices.
    """

    parts: Mapping[str, T]
    total: T


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations that go on at the end of a span, and the handoffs in it."""

    active: int
    handoffs: int


async def glance(db: Database, since: datetime, until: datetime, instance: str | None = None) -> Glance:
    """The two of [since, until), and nothing that costs more."""
    [row] = await db.fetch_all(QUERIES["glance"], since=since, until=until, instance=instance)
    return msgspec.convert(row, Glance)


async def talks_apart(
    db: Database, part: Part, since: datetime, until: datetime, *, instance: str | None = None
) -> Apart[TalkCounts]:
    """Conversations of [since, until)."""
    return await _apart(db, "count_talks_apart", TalkCounts(), part, since=since, until=until, instance=instance)


async def agents_apart(
    db: Database, part: Part, since: datetime, until: datetime, *, instance: str | None = None
) -> Apart[AgentCounts]:
    """What agents did in [since, until)."""
    return await _apart(db, "count_agents_apart", AgentCounts(), part, since=since, until=until, instance=instance)


async def _apart(
    db: Database,
    query: Literal["count_talks_apart", "count_agents_apart"],
    nothing: T,
    part: Part,
    **span: object,
) -> Apart[T]:
    names = [name for name in nothing.__struct_fields__ if not name.startswith("first_response")]
    found: dict[str, T] = {}
    total: dict[str, Any] = dict.fromkeys(names, 0)
    for row in await db.fetch_all(QUERIES[query], by=part.by, cuts=moment_list(part.cuts), **span):
        waits = _seconds(row["waits"])
        if row["whole"]:
            total |= waits
            continue
        counts = {name: row[name] for name in names}
        for name, n in counts.items():
            total[name] += n
        key = row["place"] if part.by == "at" else row["name"]
        if key is not None:
            found[str(key)] = type(nothing)(**counts, **waits)
    return Apart(found, type(nothing)(**total))


def _seconds(waits: Sequence[float] | None) -> dict[str, float]:
    if not waits:
        return {}
    p50, p95 = (round(seconds, 3) for seconds in waits)
    return {"first_response_p50": p50, "first_response_p95": p95}
