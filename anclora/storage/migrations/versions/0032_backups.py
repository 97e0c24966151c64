"""Backups: what was made, when, and what failed."""

from anclora.storage.migrate import run_script

revision = "0032_backups"
down_revision = "0031_playbook"


def upgrade() -> None:
    """Execute `0032_backups.sql`."""
    run_script(__file__)
