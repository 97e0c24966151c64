"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge

OPENED = counter("conversations_opened", "Conversations opened")
CLOSED = counter("conversations_closed", "Conversations closed, by what closed them", ("by",))
HANDOFFS = counter("conversation_handoffs", "Conversations handed off to people, by reason", ("reason",))
POISONED = counter("conversations_poisoned", "Pairs that could not be settled, each time; others went ahead")
ACTIVE = gauge("conversations_active", "Conversations that go on")
UNREAD_SECONDS = gauge("conversations_unread_seconds", "How long what was heard has been waiting to be counted")
