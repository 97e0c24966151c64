"""`anclora migrate`: the schema, brought up to date, with the partitions of now: a door that starts next may write."""

from datetime import UTC

from anclora.cli.database import with_database
from anclora.cli.options import AsJson
from anclora.cli.show import show_json
from anclora.kit.clock import SystemClock
from anclora.kit.errors import SetupError
from anclora.kit.settings import load_settings
from anclora.storage.database import Database
from anclora.storage.migrate import migrate as bring_up_to_date
from anclora.storage.partitions import ensure_partitions


def migrate(as_json: AsJson = False) -> None:
    """Bring the schema up to date."""
    settings = load_settings()
    if settings.database_url is None:
        raise SetupError("DATABASE_URL is not set; `anclora up` migrates its private server by itself.")
    done = bring_up_to_date(settings.database_url)
    with_database(settings.data_dir, _ensure_partitions)
    if as_json:
        show_json({"applied": list(done)})
        return
    print("\n".join(f"applied {name}" for name in done) or "the schema is up to date")


async def _ensure_partitions(db: Database) -> None:
    async with db.transaction() as conn:
        await ensure_partitions(conn, SystemClock().now().astimezone(UTC))
