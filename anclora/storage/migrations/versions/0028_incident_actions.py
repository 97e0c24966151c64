"""Actions of post-mortems, with an owner and a day, until they are done."""

from anclora.storage.migrate import run_script

revision = "0028_incident_actions"
down_revision = "0027_expiry"


def upgrade() -> None:
    """Execute `0028_incident_actions.sql`."""
    run_script(__file__)
