"""Chores of the whole installation take turns."""

from anclora.storage.migrate import run_script

revision = "0038_turns"
down_revision = "0037_smoke"


def upgrade() -> None:
    """Execute `0038_turns.sql`."""
    run_script(__file__)
