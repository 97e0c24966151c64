"""Retention: months of the ledger that are archived, and what figures count of them."""

from anclora.storage.migrate import run_script

revision = "0033_retention"
down_revision = "0032_backups"


def upgrade() -> None:
    """Execute `0033_retention.sql`."""
    run_script(__file__)
