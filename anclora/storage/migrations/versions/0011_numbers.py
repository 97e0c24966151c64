"""What is known of numbers, what was done about them, and what must not be disturbed."""

from anclora.storage.migrate import run_script

revision = "0011_numbers"
down_revision = "0010_media"


def upgrade() -> None:
    """Execute `0011_numbers.sql`."""
    run_script(__file__)
