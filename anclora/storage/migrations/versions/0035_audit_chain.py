"""The audit trail as a chain: every fact sealed with the one before it."""

from anclora.storage.migrate import run_script

revision = "0035_audit_chain"
down_revision = "0034_backup_proofs"


def upgrade() -> None:
    """Execute `0035_audit_chain.sql`."""
    run_script(__file__)
