"""Making a link, inside the caller's transaction."""

from datetime import datetime

from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.links.model import Link, LinkDraft
from anclora.links.read import QUERIES
from anclora.links.rules import checked_url, new_token
from anclora.storage.database import Connection


async def make(conn: Connection, draft: LinkDraft, *, account: str, actor: str, now: datetime) -> Link:
    """A new link.

    Raises:
        InvalidError: `bad_link_url`, or it would end before it begins.
    """
    if draft.expires_at is not None and draft.expires_at <= now:
        raise InvalidError("expires_at lies in the past: nobody could follow this link.", code="in_the_past")
    link = Link(
        id=new_id(),
        token=new_token(),
        url=checked_url(draft.url),
        message_id=draft.message_id,
        contact_id=draft.contact_id,
        campaign_id=draft.campaign_id,
        conversion_kind=draft.conversion_kind,
        created_at=now,
        created_by=actor,
        expires_at=draft.expires_at,
    )
    fields = {name: getattr(link, name) for name in Link.__struct_fields__}
    await conn.execute(QUERIES["insert_link"], {**fields, "account": account})
    return link
