"""Figures by days of the business zone, and hours without what nobody asks by the hour."""

from anclora.storage.migrate import run_script

revision = "0019_days"
down_revision = "0018_tallies"


def upgrade() -> None:
    """Execute `0019_days.sql`."""
    run_script(__file__)
