"""Routines of the operator: every run with its evidence, and every safe action that was taken."""

from anclora.storage.migrate import run_script

revision = "0031_playbook"
down_revision = "0030_upkeep"


def upgrade() -> None:
    """Execute `0031_playbook.sql`."""
    run_script(__file__)
