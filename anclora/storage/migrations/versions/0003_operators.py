"""What operators change while everything runs."""

from anclora.storage.migrate import run_script

revision = "0003_operators"
down_revision = "0002_engine"


def upgrade() -> None:
    """Execute `0003_operators.sql`."""
    run_script(__file__)
