"""The day so far as metrics; the SQL behind `/analytics` gives any other period."""

from anclora.analytics.overview import Overview
from anclora.kit.metrics import Figure

MESSAGES = Figure("today_messages", "Messages of the business day so far: sent, delivered, read, failed", ("what",))
DELIVERY_RATE = Figure("today_delivery_rate", "Delivered of sent, of the business day so far")
READ_RATE = Figure("today_read_rate", "Read of sent, of the business day so far")
CONVERSATIONS = Figure(
    "today_conversations", "Conversations active, and handed off, in the business day so far", ("what",)
)
CONVERSIONS = Figure(
    "today_conversions", "Leads, qualified leads, appointments and sales of the business day so far", ("kind",)
)
REVENUE = Figure("today_revenue", "Revenue of the business day so far, in whole units of the business currency")


def show(found: Overview | None) -> None:
    """Show these figures; None = not known now."""
    messages = None if found is None else found.messages
    rows = () if messages is None else ("sent", "delivered", "read", "failed")
    MESSAGES.show({(what,): getattr(messages, what) for what in rows})
    DELIVERY_RATE.show_one(messages and messages.delivery_rate)
    READ_RATE.show_one(messages and messages.read_rate)
    talks = None if found is None else found.conversations
    CONVERSATIONS.show({} if talks is None else {("active",): talks.active, ("handoffs",): talks.handoffs})
    ends = None if found is None else found.conversions
    kinds = () if ends is None else ("leads", "qualified_leads", "appointments", "sales")
    CONVERSIONS.show({(kind,): getattr(ends, kind) for kind in kinds})
    REVENUE.show_one(ends and ends.revenue)
