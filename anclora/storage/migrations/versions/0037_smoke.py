"""What the smoke test sends is in no figure."""

from anclora.storage.migrate import run_script

revision = "0037_smoke"
down_revision = "0036_roles"


def upgrade() -> None:
    """Execute `0037_smoke.sql`."""
    run_script(__file__)
