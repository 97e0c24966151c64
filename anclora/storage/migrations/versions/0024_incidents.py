"""Incidents: what is wrong, its timeline, who was paged, silences and maintenance; and changes, a view of the trail."""

from anclora.storage.migrate import run_script

revision = "0024_incidents"
down_revision = "0023_oncall"


def upgrade() -> None:
    """Execute `0024_incidents.sql`."""
    run_script(__file__)
