"""Room beside rows that change."""

from anclora.storage.migrate import run_script

revision = "0008_room"
down_revision = "0007_unapplied"


def upgrade() -> None:
    """Execute `0008_room.sql`."""
    run_script(__file__)
