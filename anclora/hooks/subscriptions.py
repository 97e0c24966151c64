"""Subscriptions: made, changed, deleted, and the secret they are signed with. Every step is audited."""

from uuid import UUID

from yarl import URL

from anclora.audit import record
from anclora.hooks.addresses import RefusedAddressError, check_literal, networks
from anclora.hooks.errors import no_hook
from anclora.hooks.fan_out import QUERIES
from anclora.hooks.model import Hook, HookChange, HookDraft
from anclora.hooks.rules import OLD_SECRET_FOR, check_types, check_url
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.kit.settings import Settings
from anclora.kit.signing import new_secret
from anclora.kit.wire import shown_url
from anclora.storage.database import Database, fetch_one


async def create(db: Database, draft: HookDraft, settings: Settings, *, clock: Clock, actor: str) -> Hook:
    """Subscribe; it hears of what happens from now on.

    Raises:
        InvalidError: `bad_hook_url`, `refused_address`, `unknown_event_type` or `invalid_text`.
    """
    url = _checked(draft.url, settings)
    types, name = check_types(draft.types), _named(draft.name)
    async with db.transaction() as conn:
        row = await fetch_one(
            conn,
            QUERIES["insert_hook"],
            id=new_id(),
            now=clock.now(),
            name=name,
            url=url,
            types=types,
            secret=new_secret(),
            batch_size=draft.batch_size,
            linger_seconds=draft.linger_seconds,
        )
        hook = Hook(**row or {})
        detail = {"url": shown_url(url), "types": types}
        await record(conn, actor=actor, action="hook.create", subject=f"hook:{hook.id}", detail=detail)
    return hook


async def change(
    db: Database, hook_id: UUID, wish: HookChange, settings: Settings, *, clock: Clock, actor: str
) -> Hook:
    """Change what is named; deliveries that wait go to the new address.

    Raises:
        InvalidError: as `create`.
        NotFoundError: there is no such subscription.
    """
    url = None if wish.url is None else _checked(wish.url, settings)
    types = None if wish.types is None else check_types(wish.types)
    async with db.transaction() as conn:
        row = await fetch_one(
            conn,
            QUERIES["change_hook"],
            id=hook_id,
            now=clock.now(),
            name=None if wish.name is None else _named(wish.name),
            url=url,
            types=types,
            batch_size=wish.batch_size,
            linger_seconds=wish.linger_seconds,
        )
        if row is None:
            raise no_hook(hook_id)
        told = {"url": url and shown_url(url), "types": types, "name": wish.name, "batch_size": wish.batch_size}
        detail = {name: value for name, value in told.items() if value is not None}
        await record(conn, actor=actor, action="hook.change", subject=f"hook:{hook_id}", detail=detail)
    return Hook(**row)


async def delete(db: Database, hook_id: UUID, *, actor: str) -> None:
    """End a subscription; what was on its way to it is not posted any more.

    Raises:
        NotFoundError: there is no such subscription.
    """
    async with db.transaction() as conn:
        if await fetch_one(conn, QUERIES["delete_hook"], id=hook_id) is None:
            raise no_hook(hook_id)
        await record(conn, actor=actor, action="hook.delete", subject=f"hook:{hook_id}")


async def rotate(db: Database, hook_id: UUID, *, clock: Clock, actor: str) -> Hook:
    """Give it a new secret. For a day requests carry two signatures, one with each.

    Raises:
        NotFoundError: there is no such subscription.
    """
    until = clock.now() + OLD_SECRET_FOR
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["rotate_hook_secret"], id=hook_id, secret=new_secret(), until=until)
        if row is None:
            raise no_hook(hook_id)
        await record(conn, actor=actor, action="hook.rotate_secret", subject=f"hook:{hook_id}")
    return Hook(**row)


async def find(db: Database, hook_id: UUID) -> Hook:
    """One subscription.

    Raises:
        NotFoundError: there is none of this id.
    """
    row = await db.fetch_one(QUERIES["read_hook"], id=hook_id)
    if row is None:
        raise no_hook(hook_id)
    return Hook(**row)


def _checked(url: str, settings: Settings) -> str:
    check_url(url)
    try:
        check_literal(URL(url).host or "", networks(settings.hooks_allow))
    except RefusedAddressError as error:
        raise InvalidError(str(error), code="refused_address") from error
    except ValueError as error:
        raise InvalidError(f"This is no address: {error}", code="bad_hook_url") from error
    return url


def _named(name: str) -> str:
    if "\0" in name:
        raise InvalidError("A name cannot hold NUL.", code="invalid_text")
    return name.strip()
