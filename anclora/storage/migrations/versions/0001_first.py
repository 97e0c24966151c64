"""The first schema."""

from anclora.storage.migrate import run_script

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    """Execute `0001_first.sql`."""
    run_script(__file__)
