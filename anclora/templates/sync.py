"""Bringing our templates to where the provider's are."""

from collections.abc import Mapping

import msgspec

from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.providers.contract import HasTemplates, Provider
from anclora.storage.database import Database, execute, fetch_all
from anclora.templates.model import row_of, rows_json
from anclora.templates.told import QUERIES

log = get_logger(__name__)
_EVERY_SECONDS = 3_600.0


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading brought: how many templates there are, and which are gone."""

    count: int
    gone: list[str]


async def sync(db: Database, providers: Mapping[str, Provider]) -> Synced:
    """Read every template of every provider that has any, and store them. Idempotent.

    Raises:
        AncloraError: a provider's own sentence; what was read before it is stored.
    """
    count, gone = 0, list[str]()
    for name, provider in providers.items():
        if isinstance(provider, HasTemplates):
            rows = [row_of(each) for each in await provider.list_templates()]
            async with db.transaction() as conn:
                await execute(conn, QUERIES["store_templates"], provider=name, rows=rows_json(rows), listed=True)
                lost = await fetch_all(conn, QUERIES["mark_gone"], provider=name, rows=rows_json(rows))
            count += len(rows)
            gone += sorted(f"{row['name']} ({row['language']})" for row in lost)
    return Synced(count=count, gone=gone)


class TemplateSync(Loop):
    """Reads the templates every hour: an event that got lost is made good then."""

    name = "templates"
    every_seconds = _EVERY_SECONDS
    chore = "template-sync"

    def __init__(self, db: Database, providers: Mapping[str, Provider]) -> None:
        super().__init__()
        self._db = db
        self._providers = providers

    async def run_once(self) -> bool:
        """Read them once; a provider that cannot be asked is asked again next time."""
        try:
            await sync(self._db, self._providers)
        except AncloraError as error:
            log.warning("templates_not_read", code=error.code, error=error.detail)
        return False
