"""How failures are tried again, what rests because a provider refused, and references that come back."""

from anclora.storage.migrate import run_script

revision = "0006_refusals"
down_revision = "0005_gates"


def upgrade() -> None:
    """Execute `0006_refusals.sql`."""
    run_script(__file__)
