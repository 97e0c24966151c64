"""Making, listing and revoking keys. A change is audited in its own transaction, by whatever the caller hands over."""

import hashlib
import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import psycopg

from anclora.access.model import SCOPES, Key, NewKey
from anclora.access.roles import scopes_of, table
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
MARK = "ak_"
PREFIX_CHARS = 10
SECRET_CHARS = 43  # of 62 symbols: more than 256 bits
_ALPHABET = string.ascii_letters + string.digits
_NAME_CHARS = 100


class Records(Protocol):
    """Writes a fact in a transaction: `anclora.audit.record`, which this room may not import."""

    async def __call__(
        self, conn: Connection, *, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Write one fact."""
        ...


async def _unrecorded(
    conn: Connection, *, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """For keys a program makes for itself."""


def digest(text: str) -> bytes:
    """What is stored of a key. A plain hash serves, since nobody can guess 256 random bits."""
    return hashlib.sha256(text.encode()).digest()


async def create(
    db: Database,
    *,
    account: str,
    name: str,
    scopes: Sequence[str] = (),
    role: str | None = None,
    actor: str = "cli",
    record: Records = _unrecorded,
) -> NewKey:
    """Make a key for an account; the command line hands over `anclora.audit.record`.

    Args:
        db: the ledger.
        account: whose messages it sends.
        name: who will use it.
        scopes: what it may do.
        role: instead of scopes: what it may do is looked up in the table of roles whenever it is used.
        actor: who makes it.
        record: writes the fact down.

    Raises:
        InvalidError: no name; neither scopes nor a role, or both; a scope or role nobody knows.
        NotFoundError: no such account.
    """
    name = name.strip()
    if not 0 < len(name) <= _NAME_CHARS or not name.isprintable():
        raise InvalidError(f"A key needs a name of 1 to {_NAME_CHARS} characters that says who will use it.")
    _check(scopes, role)
    body = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_CHARS + SECRET_CHARS))
    text, prefix, key_id = MARK + body, body[:PREFIX_CHARS], new_id()
    try:
        async with db.transaction() as conn:
            row = await fetch_one(
                conn,
                QUERIES["insert_key"],
                id=key_id,
                account=account,
                name=name,
                prefix=prefix,
                hash=digest(text),
                role=role,
                scopes=sorted(set(scopes)),
            )
            detail = {"name": name} | ({"role": role} if role else {"scopes": sorted(set(scopes))})
            await record(conn, actor=actor, action="key.create", subject=f"key:{key_id}", detail=detail)
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(f"There is no account {account!r}.", code="account_not_found") from error
    return NewKey(key=_key(row or {}), text=text)


def _check(scopes: Sequence[str], role: str | None) -> None:
    if role is not None:
        if scopes:
            raise InvalidError("A key has a role or scopes, not both; leave one out.", code="invalid_role")
        if role not in table().roles:
            raise InvalidError(
                f"There is no role {role}. Choose from: {', '.join(table().roles)}.", code="invalid_role"
            )
        return
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        wrong = f"There is no scope {', '.join(unknown)}." if unknown else "A key needs at least one scope, or a role."
        raise InvalidError(f"{wrong} Choose from: {', '.join(SCOPES)}.", code="invalid_scope")


async def list_keys(db: Database) -> list[Key]:
    """Every key, the newest first."""
    return [_key(row) for row in await db.fetch_all(QUERIES["list_keys"])]


async def revoke(db: Database, which: str, *, actor: str = "cli", record: Records = _unrecorded) -> Key:
    """End a key, named by its id or its prefix (with or without `ak_`); doors learn of it within five seconds.

    Raises:
        NotFoundError: no living key is named so.
    """
    which = which.removeprefix(MARK).replace("\x00", "")
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["revoke_key"], which=which)
        if row is None:
            raise NotFoundError(
                "No living key has this id or prefix. List them: anclora keys list", code="key_not_found"
            )
        await record(conn, actor=actor, action="key.revoke", subject=f"key:{row['id']}", detail={"name": row["name"]})
    return _key(row)


def _key(row: Mapping[str, Any]) -> Key:
    columns = dict(row)
    named, role = columns.pop("scopes"), columns["role"]
    return Key(scopes=tuple(named if role is None else sorted(scopes_of(role))), **columns)
