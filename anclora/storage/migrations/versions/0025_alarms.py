"""Alarms: notices of one incident belong together, offer actions, and have second paths to people."""

from anclora.storage.migrate import run_script

revision = "0025_alarms"
down_revision = "0024_incidents"


def upgrade() -> None:
    """Execute `0025_alarms.sql`."""
    run_script(__file__)
