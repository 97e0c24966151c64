"""The dead-letter queue."""

from anclora.storage.migrate import run_script

revision = "0004_dead_letters"
down_revision = "0003_operators"


def upgrade() -> None:
    """Execute `0004_dead_letters.sql`."""
    run_script(__file__)
