"""The key figures of a day, a week, a month: those of the reports, from the same rows."""

from collections.abc import Mapping

from anclora.kit.clock import business_date
from anclora.playbook.sources.contract import Parts, Query, Reading
from anclora.reports import DayCounts, LongEvery, gather, gather_period, period_of, spans_of

_ENOUGH = 50  # below so many messages a share says nothing


async def failed_percent(parts: Parts) -> Reading:
    """Of a hundred messages that ended today, how many failed; the figures of the day are its evidence."""
    zone = parts.settings.timezone
    spans = spans_of(business_date(parts.now, zone), zone=zone, now=parts.now, so_far=True)
    day = (await gather(parts.db, spans, zone=zone, sources=parts.sources)).today
    ended = day.messages.sent + day.messages.failed
    return Reading(value=round(100 * day.messages.failed / ended, 1) if ended else 0.0, facts=_said(day))


async def week_change(parts: Parts) -> Reading:
    """How the delivery rate of the week that ended stands to the week before, in points."""
    now, before = await _two(parts, "weekly")
    rates = [
        100 * each.messages.delivered / each.messages.sent if each.messages.sent else 0.0 for each in (now, before)
    ]
    enough = before.messages.sent >= _ENOUGH  # nothing sent after a busy week is no quiet one
    return Reading(
        value=round(rates[0] - rates[1], 1) if enough else 0.0,
        facts=[
            f"{rates[1]:.1f} % -> {rates[0]:.1f} %",
            *_said(now),
            *([] if enough else [f"fewer than {_ENOUGH} before: taken as no change"]),
        ],
    )


async def month_growth(parts: Parts) -> Reading:
    """By how much of a hundred more was sent in the month that ended than in the month before."""
    now, before = await _two(parts, "monthly")
    sent = now.messages.sent, before.messages.sent
    enough = sent[1] >= _ENOUGH
    return Reading(
        value=round(100 * (sent[0] / sent[1] - 1), 1) if enough else 0.0,
        facts=[
            f"sent {sent[1]} -> {sent[0]}",
            *([] if enough else [f"fewer than {_ENOUGH} before: taken as no change"]),
        ],
    )


async def _two(parts: Parts, every: LongEvery) -> tuple[DayCounts, DayCounts]:
    zone = parts.settings.timezone
    found = await gather_period(
        parts.db, period_of(every, None, zone=zone, now=parts.now), zone=zone, sources=parts.sources
    )
    return found.now, found.before


def _said(counts: DayCounts) -> list[str]:
    """The playbook's key metrics, by the names of the overview."""
    said = [f"{name} {getattr(counts.messages, name)}" for name in ("sent", "delivered", "read", "failed")]
    if counts.conversations is not None:
        said.append(f"handoffs {sum(counts.conversations.handoffs.values())}")
    if counts.conversions is not None:
        said += [f"{kind} {count}" for kind, count in sorted(counts.conversions.counts.items())]
    return [", ".join(said)]


QUERIES: Mapping[str, Query] = {
    "figures.failed_percent": failed_percent,
    "figures.week_change": week_change,
    "figures.month_growth": month_growth,
}
