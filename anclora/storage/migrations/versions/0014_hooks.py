"""Webhooks to integrators: who wants to hear what, what each was told, and every request of it."""

from anclora.storage.migrate import run_script

revision = "0014_hooks"
down_revision = "0013_cloud"


def upgrade() -> None:
    """Execute `0014_hooks.sql`."""
    run_script(__file__)
