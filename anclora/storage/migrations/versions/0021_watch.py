"""An index by which the last minutes of attempts are found."""

from anclora.storage.migrate import run_script

revision = "0021_watch"
down_revision = "0020_heard_media"


def upgrade() -> None:
    """Execute `0021_watch.sql`."""
    run_script(__file__)
