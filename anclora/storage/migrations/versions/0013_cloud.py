"""What Meta lets our numbers do, and its templates."""

from anclora.storage.migrate import run_script

revision = "0013_cloud"
down_revision = "0012_heard"


def upgrade() -> None:
    """Execute `0013_cloud.sql`."""
    run_script(__file__)
