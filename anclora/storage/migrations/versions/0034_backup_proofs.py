"""Backups that were tried, and came back otherwise than they were made."""

from anclora.storage.migrate import run_script

revision = "0034_backup_proofs"
down_revision = "0033_retention"


def upgrade() -> None:
    """Execute `0034_backup_proofs.sql`."""
    run_script(__file__)
