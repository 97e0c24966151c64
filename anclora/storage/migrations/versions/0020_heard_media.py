"""Files people sent, by hash once they were fetched; and indexes of what is rare among events and messages."""

from anclora.storage.migrate import run_script

revision = "0020_heard_media"
down_revision = "0019_days"


def upgrade() -> None:
    """Execute `0020_heard_media.sql`."""
    run_script(__file__)
