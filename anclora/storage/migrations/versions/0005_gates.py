"""What operators stop, and when people rest."""

from anclora.storage.migrate import run_script

revision = "0005_gates"
down_revision = "0004_dead_letters"


def upgrade() -> None:
    """Execute `0005_gates.sql`."""
    run_script(__file__)
