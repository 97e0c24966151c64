"""What other rooms count, in the words of the report, on its connection."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from anclora.conversations.figures import figures_on as conversation_figures
from anclora.conversions.figures import figures_on as conversion_figures
from anclora.incidents import answered, overdue_actions
from anclora.reports.gather import CountsConversions, NamesOverdue, Sources
from anclora.reports.model import Answers, Conversions, Money, Overdue, Talks
from anclora.storage.database import Connection


def sources_of(*, currency: str, zone: str) -> Sources:
    """Everybody who counts what is no message, in the currency and by the clock of the business."""
    return Sources(
        conversations=count_talks,
        conversions=conversions_counter(currency=currency, zone=zone),
        incidents=count_incidents,
        overdue=overdue_namer(zone=zone),
    )


async def count_talks(conn: Connection, since: datetime, until: datetime) -> Talks:
    """Conversations in [since, until)."""
    found = await conversation_figures(conn, since, until)
    return Talks(
        opened=found.new,
        active=found.active,
        first_response_seconds=found.first_response_seconds.p50,
        handoffs={reason: count for reason, count in found.handoffs_by_reason.items() if count},
    )


async def count_incidents(conn: Connection, since: datetime, until: datetime) -> Sequence[Answers]:
    """Incidents that began in [since, until), by severity, as it stood at its end."""
    return [
        Answers(
            severity=each.severity.value,
            opened=each.opened,
            acknowledged=each.acknowledged,
            within_target=each.within_target,
            target_seconds=each.target_seconds,
            ended_alone=each.ended_alone,
            waiting=each.waiting,
            p50_seconds=each.p50_seconds,
            p95_seconds=each.p95_seconds,
        )
        for each in await answered(conn, since, until)
    ]


def overdue_namer(*, zone: str) -> NamesOverdue:
    """What names actions of post-mortems that were overdue at a moment, by the clock of the business."""

    async def name_overdue(conn: Connection, at: datetime) -> Sequence[Overdue]:
        return [
            Overdue(incident=each.name, text=each.text, owner=each.owner, due_on=each.due_on)
            for each in await overdue_actions(conn, at, zone)
        ]

    return name_overdue


def conversions_counter(*, currency: str, zone: str) -> CountsConversions:
    """What counts conversions, in the currency and by the clock of the business."""

    async def count_conversions(conn: Connection, since: datetime, until: datetime) -> Conversions:
        found = await conversion_figures(conn, since, until, currency=currency, zone=zone)
        taken: Counter[tuple[str, int]] = Counter()
        lacking: Counter[tuple[str, int]] = Counter()
        for kind in found.kinds:
            for value in kind.values if kind.revenue else ():
                taken[value.currency, value.digits] += value.value_minor
                lacking[value.currency, value.digits] += value.unconverted_minor
        digits = len(found.revenue.partition(".")[2])
        return Conversions(
            counts={kind.kind: kind.count for kind in found.kinds},
            revenue=_money(taken),
            total=Money(currency=currency, minor=found.revenue_minor, digits=digits),
            unconverted=[each for each in _money(lacking) if each.minor],
        )

    return count_conversions


def _money(sums: Counter[tuple[str, int]]) -> list[Money]:
    return [Money(currency=currency, minor=minor, digits=digits) for (currency, digits), minor in sorted(sums.items())]
