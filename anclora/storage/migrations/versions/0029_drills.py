"""Disaster drills, and since when one may be missed."""

from anclora.storage.migrate import run_script

revision = "0029_drills"
down_revision = "0028_incident_actions"


def upgrade() -> None:
    """Execute `0029_drills.sql`."""
    run_script(__file__)
