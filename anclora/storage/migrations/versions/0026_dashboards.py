"""What the dashboards ask the ledger: figures by hour, in a shape that stays when the tables below change."""

from anclora.storage.migrate import run_script

revision = "0026_dashboards"
down_revision = "0025_alarms"


def upgrade() -> None:
    """Execute `0026_dashboards.sql`."""
    run_script(__file__)
