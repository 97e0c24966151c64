"""What maintenance asks the ledger: slow statements, and what a month cost, asked once a day."""

from anclora.storage.migrate import run_script

revision = "0030_upkeep"
down_revision = "0029_drills"


def upgrade() -> None:
    """Execute `0030_upkeep.sql`."""
    run_script(__file__)
