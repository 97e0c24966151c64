"""Conversations: who talks with us since when, who answers, and what became of it."""

from anclora.storage.migrate import run_script

revision = "0015_conversations"
down_revision = "0014_hooks"


def upgrade() -> None:
    """Execute `0015_conversations.sql`."""
    run_script(__file__)
