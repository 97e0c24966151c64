"""Webhooks that are stored and not yet applied."""

from anclora.storage.migrate import run_script

revision = "0007_unapplied"
down_revision = "0006_refusals"


def upgrade() -> None:
    """Execute `0007_unapplied.sql`."""
    run_script(__file__)
