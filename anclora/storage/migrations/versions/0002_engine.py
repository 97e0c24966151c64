"""Classes as rows, and messages nobody acknowledged."""

from anclora.storage.migrate import run_script

revision = "0002_engine"
down_revision = "0001_first"


def upgrade() -> None:
    """Execute `0002_engine.sql`."""
    run_script(__file__)
