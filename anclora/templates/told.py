"""What events say of templates, as statements for the transaction that applies them."""

from collections.abc import Sequence

from anclora.providers.contract import TemplateEvent
from anclora.storage.database import Statement
from anclora.storage.queries import load_queries
from anclora.templates.model import row_of, rows_json

QUERIES = load_queries(__package__ or __name__)


def told(provider: str, events: Sequence[TemplateEvent]) -> list[Statement]:
    """Store new statuses and tell integrators of those that changed; no events cost nothing."""
    if not events:
        return []
    rows = rows_json([row_of(event) for event in events])
    return [(QUERIES["store_templates"], {"provider": provider, "rows": rows, "listed": False})]
