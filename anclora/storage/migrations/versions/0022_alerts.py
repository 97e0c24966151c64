"""Alerts: what is pending and fires, and when each watch last looked."""

from anclora.storage.migrate import run_script

revision = "0022_alerts"
down_revision = "0021_watch"


def upgrade() -> None:
    """Execute `0022_alerts.sql`."""
    run_script(__file__)
