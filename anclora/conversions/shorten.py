"""Making a short link that conversions can be put down to, or that records one."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from anclora.audit import record as audit
from anclora.conversions.model import Desk, Moment, Name
from anclora.conversions.record import find_owners, owner_of, read_books
from anclora.conversions.rules import person_of
from anclora.kit.errors import AncloraError, InvalidError
from anclora.links import Link, LinkDraft, make
from anclora.storage.database import Connection, Database


class LinkWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A short link to make.

    Attributes:
        url: where it leads, for good: http or https, without a user name.
        contact: whose it is: a phone number, `lid:…`, `cloud:…` or a contact's id; by default the message's.
        conversion_kind: the first click of that person records one of this kind.
        expires_at: with an offset; from then on it leads nowhere.
    """

    url: Annotated[str, Meta(max_length=2_000)]
    message_id: UUID | None = None
    contact: Name | None = None
    campaign_id: UUID | None = None
    conversion_kind: str | None = None
    expires_at: Moment | None = None


async def shorten(db: Database, wish: LinkWish, desk: Desk) -> Link:
    """Make one.

    Raises:
        InvalidError: it cannot lead there, nobody is known by that contact, the message went to somebody else, or it is
            to record a conversion of nobody.
    """
    async with db.transaction() as conn:
        if wish.conversion_kind is not None and wish.conversion_kind not in (await read_books(conn)).kinds:
            raise InvalidError(
                f"There is no kind {wish.conversion_kind[:40]!r}. List them: anclora conversions kinds",
                code="unknown_kind",
            )
        draft = LinkDraft(
            url=wish.url,
            message_id=wish.message_id,
            contact_id=await _owner(conn, wish, desk),
            campaign_id=wish.campaign_id,
            conversion_kind=wish.conversion_kind,
            expires_at=wish.expires_at,
        )
        link = await make(conn, draft, account=desk.account, actor=desk.actor, now=desk.now)
        await audit(conn, actor=desk.actor, action="link.make", subject=f"link:{link.id}")
    return link


async def _owner(conn: Connection, wish: LinkWish, desk: Desk) -> UUID | None:
    if wish.contact is None and wish.message_id is None:
        if wish.conversion_kind is not None:
            raise InvalidError(
                "A link that records a conversion is somebody's: name contact or message_id.", code="no_contact"
            )
        return None
    person = None if wish.contact is None else person_of(wish.contact, desk.region)
    people, messages = [person] if person else [], [wish.message_id] if wish.message_id else []
    owners = await find_owners(conn, people, messages, desk.account)
    owner = owner_of(person, wish.message_id, owners)
    if isinstance(owner, AncloraError):
        raise owner
    return owner
