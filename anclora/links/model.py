"""The nouns of links. Pure."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

AgentClass = Literal["mobile", "desktop", "other"]


class LinkDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is asked for.

    Attributes:
        url: where it leads; http or https, without a user name in it.
        contact_id: whose link it is; a click of it is that person's.
        conversion_kind: the first click of a person records a conversion of this kind.
        expires_at: aware; None = never.
    """

    url: str
    message_id: UUID | None = None
    contact_id: UUID | None = None
    campaign_id: UUID | None = None
    conversion_kind: str | None = None
    expires_at: datetime | None = None


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something followed a link.

    Attributes:
        scanner: why this was no person; None = it was one, as far as can be told.
    """

    id: UUID
    at: datetime
    agent: AgentClass
    scanner: str | None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link.

    Attributes:
        clicks: by people.
        scanners: by programs that look at links, which are counted apart.
        latest: the last 200 of both, where one link is shown.
    """

    id: UUID
    token: str
    url: str
    message_id: UUID | None
    contact_id: UUID | None
    campaign_id: UUID | None
    conversion_kind: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    clicks: int = 0
    scanners: int = 0
    latest: list[Click] = []
