"""What happened, for integrators."""

from anclora.storage.migrate import run_script

revision = "0009_events"
down_revision = "0008_room"


def upgrade() -> None:
    """Execute `0009_events.sql`."""
    run_script(__file__)
