"""On call: people, duties, rotations, overrides, days off and hand-offs."""

from anclora.storage.migrate import run_script

revision = "0023_oncall"
down_revision = "0022_alerts"


def upgrade() -> None:
    """Execute `0023_oncall.sql`."""
    run_script(__file__)
