"""Questions about talks with people and about those who answer them, counted from the rows of conversations."""

from collections.abc import Mapping

from anclora.analytics.model import SLICES, Ask, By, Figures, Told
from anclora.analytics.period import Period, cuts
from anclora.conversations.apart import AgentCounts, Part, TalkCounts, agents_apart, talks_apart
from anclora.conversations.figures import figures
from anclora.storage.database import Database

CONVERSATION_COLUMNS = TalkCounts.__struct_fields__
REASON_COLUMNS = ("handoffs",)
AGENT_COLUMNS = AgentCounts.__struct_fields__


async def tell_conversations(db: Database, asked: Ask, period: Period, by: By) -> Told:
    """Conversations: going on at the end of each part, opened, closed, handed off, and how soon they were answered."""
    if by == "reason":
        whole = await figures(db, period.since, period.until, asked.instance)
        parts: Mapping[str, Figures] = {name: {"handoffs": n} for name, n in whole.handoffs_by_reason.items()}
        return Told(parts, {"handoffs": whole.handoffs}, {"handoffs": 0})
    names, part = _parts(period, by)
    found, total = await talks_apart(db, part, period.since, period.until, instance=asked.instance)
    told: dict[str, Figures] = {}
    if not names:
        told = {key: _talks(counts) for key, counts in found.items()}
    active = total.active
    for place, name in reversed([*enumerate(names, start=1)]):  # back from the end, where it is known how many go on
        counts = found.get(str(place), TalkCounts())
        told[name] = _talks(counts) | {"active": active}
        active -= counts.new - counts.closed
    return Told(told, _talks(total), _talks(TalkCounts()))


async def tell_agents(db: Database, asked: Ask, period: Period, by: By) -> Told:
    """Agents: what they took, gave back, and how soon they answered those whom nobody had answered."""
    names, part = _parts(period, by)
    found, total = await agents_apart(db, part, period.since, period.until, instance=asked.instance)
    told = {names[int(key) - 1] if names else key: _agents(counts) for key, counts in found.items()}
    return Told(told, _agents(total), _agents(AgentCounts()))


def _parts(period: Period, by: By) -> tuple[list[str], Part]:
    """The names of the slices of time, and where they begin; no names = told apart by something else."""
    if size := SLICES.get(by):
        begins = cuts(period, size)
        return [*begins], Part("at", [*begins.values()])
    return [], Part("agent" if by == "agent" else "instance")


def _talks(counts: TalkCounts) -> Figures:
    return {name: getattr(counts, name) for name in CONVERSATION_COLUMNS}


def _agents(counts: AgentCounts) -> Figures:
    return {name: getattr(counts, name) for name in AGENT_COLUMNS}
