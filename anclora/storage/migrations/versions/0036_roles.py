"""Keys with a role; and whoever could read what messages say may read it still."""

from anclora.storage.migrate import run_script

revision = "0036_roles"
down_revision = "0035_audit_chain"


def upgrade() -> None:
    """Execute `0036_roles.sql`."""
    run_script(__file__)
