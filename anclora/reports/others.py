"""What other rooms count, in the words of the report, on its connection."""

from collections import Counter
from datetime import datetime

from anclora.conversations.figures import figures_on as conversation_figures
from anclora.conversions.figures import figures_on as conversion_figures
from anclora.reports.gather import CountsConversions
from anclora.reports.model import Conversions, Money, Talks
from anclora.storage.database import Connection


async def count_talks(conn: Connection, since: datetime, until: datetime) -> Talks:
    """Conversations in [since, until)."""
    found = await conversation_figures(conn, since, until)
    return Talks(
        opened=found.new,
        active=found.active,
        first_response_seconds=found.first_response_seconds.p50,
        handoffs={reason: count for reason, count in found.handoffs_by_reason.items() if count},
    )


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
