"""The nouns of templates. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora.kit.ids import new_id
from anclora.providers.contract import RemoteTemplate, TemplateEvent

_encode = msgspec.json.Encoder().encode


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """A template as we know it.

    Attributes:
        status: APPROVED, PENDING, REJECTED, PAUSED, DISABLED or the like.
        category: MARKETING, UTILITY or AUTHENTICATION.
        components: its parts, JSON of the provider.
        reason: why it has this status.
        status_at: since when, as far as we heard.
        gone_at: when the provider stopped listing it.
    """

    provider: str
    name: str
    language: str
    status: str
    category: str | None
    components: list[Any] | None
    quality: str | None
    reason: str | None
    status_at: datetime
    synced_at: datetime | None
    gone_at: datetime | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard of a template; what is None was not said. `event_id` names its change of status, if it is one."""

    name: str
    language: str
    status: str
    category: str | None = None
    provider_id: str | None = None
    components: list[Any] | None = None
    quality: str | None = None
    reason: str | None = None
    event_id: UUID = msgspec.field(default_factory=new_id)


def row_of(heard: RemoteTemplate | TemplateEvent) -> Row:
    """A template of a list, or a change an event told."""
    if isinstance(heard, TemplateEvent):
        return Row(name=heard.name, language=heard.language, status=heard.status, reason=heard.reason)
    return Row(**{name: getattr(heard, name) for name in RemoteTemplate.__struct_fields__})


def rows_json(rows: Sequence[Row]) -> str:
    """Rows for Postgres, the last word on each template."""
    return _encode(list({(row.name, row.language): row for row in rows}.values())).decode()
