"""What people said, their addresses, and the gaps in what we heard."""

from anclora.storage.migrate import run_script

revision = "0012_heard"
down_revision = "0011_numbers"


def upgrade() -> None:
    """Execute `0012_heard.sql`."""
    run_script(__file__)
