"""Notices to the people who run this: what was said, to whom, and how that ended."""

from anclora.storage.migrate import run_script

revision = "0017_notices"
down_revision = "0016_conversions"


def upgrade() -> None:
    """Execute `0017_notices.sql`."""
    run_script(__file__)
