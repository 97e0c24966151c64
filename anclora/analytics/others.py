"""What other rooms count, in the few words of the overview."""

from datetime import datetime

from anclora.analytics.overview import ConversationCounts, ConversionCounts, FiguresOf
from anclora.conversations.apart import glance
from anclora.conversions.figures import figures as conversion_figures
from anclora.storage.database import Database


async def conversation_counts(
    db: Database, since: datetime, until: datetime, instance: str | None = None
) -> ConversationCounts:
    """Talks with people in [since, until), of one number or of all."""
    found = await glance(db, since, until, instance)
    return ConversationCounts(active=found.active, handoffs=found.handoffs)


def conversion_counts(*, currency: str, zone: str) -> FiguresOf[ConversionCounts]:
    """What became of them, in the currency and by the clock of the business."""

    async def counts(db: Database, since: datetime, until: datetime, instance: str | None = None) -> ConversionCounts:
        found = await conversion_figures(db, since, until, currency=currency, zone=zone, instance=instance)
        return ConversionCounts(
            leads=found.count("lead"),
            qualified_leads=found.count("qualified_lead"),
            appointments=found.count("appointment"),
            sales=found.count("sale"),
            revenue=float(found.revenue),
        )

    return counts
