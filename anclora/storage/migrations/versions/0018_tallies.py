"""Tallies: what happened, counted by quarters of an hour in the transaction of the facts, and the recount of it."""

from anclora.storage.migrate import run_script

revision = "0018_tallies"
down_revision = "0017_notices"


def upgrade() -> None:
    """Execute `0018_tallies.sql`."""
    run_script(__file__)
