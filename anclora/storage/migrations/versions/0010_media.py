"""Uploaded files, and which numbers have WhatsApp."""

from anclora.storage.migrate import run_script

revision = "0010_media"
down_revision = "0009_events"


def upgrade() -> None:
    """Execute `0010_media.sql`."""
    run_script(__file__)
