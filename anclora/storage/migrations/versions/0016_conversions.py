"""Conversions, what led to them, the rates of currencies, and the short links that people follow."""

from anclora.storage.migrate import run_script

revision = "0016_conversions"
down_revision = "0015_conversations"


def upgrade() -> None:
    """Execute `0016_conversions.sql`."""
    run_script(__file__)
