"""An index by which messages past their time are found, wherever they wait."""

from anclora.storage.migrate import run_script

revision = "0027_expiry"
down_revision = "0026_dashboards"


def upgrade() -> None:
    """Execute `0027_expiry.sql`."""
    run_script(__file__)
