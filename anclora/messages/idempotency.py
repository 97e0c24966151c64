"""The same key with the same body gives the first answer again; with another body it is a conflict.

Keys live in a table of their own, written in the transaction of the messages, so that a key is known exactly when its
messages are.
"""

import hashlib
import json
from collections.abc import Sequence
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from anclora.messages.errors import key_conflict
from anclora.messages.feed import QUERIES
from anclora.messages.model import NewMessage


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An idempotency key of a request: its own, or the client_ref of one of its messages (`row`)."""

    owner: str
    key: str
    hash: bytes
    ids: list[UUID]
    row: int | None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller wants committed, all or nothing."""

    account: str
    messages: list[NewMessage]
    keys: list[Key]


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The ids a request ended with: its own, or those of an earlier one."""

    ids: list[UUID]
    replayed: bool


class EntangledError(Exception):
    """A request of a group was given the messages of another that is refused: they need a commit each."""


def keys_of(account: str, messages: Sequence[NewMessage], key: str | None) -> list[Key]:
    """The keys of a request: one per client_ref, and the Idempotency-Key over all of it."""
    keys = [
        Key(owner=account, key=f"ref:{message.client_ref}", hash=message.hash, ids=[message.id], row=row)
        for row, message in enumerate(messages)
        if message.client_ref
    ]
    if key:
        whole = hashlib.sha256(b"".join(message.hash for message in messages)).digest()
        keys.append(Key(owner=account, key=f"key:{key}", hash=whole, ids=[m.id for m in messages], row=None))
    return keys


async def take_keys(conn: AsyncConnection, requests: Sequence[Request]) -> list[Committed | Exception]:
    """Claim the keys of a group of requests inside its transaction; per request: its ids, or why it is refused.

    Raises:
        EntangledError: roll back, and try the requests apart.
    """
    keys = [key for request in requests for key in request.keys]
    stored: dict[tuple[str, str], tuple[bytes, list[UUID]]] = {}
    if keys:
        parameters = {"owners": [key.owner for key in keys], "keys": [key.key for key in keys]}
        await conn.execute(
            QUERIES["claim_keys"],
            {
                **parameters,
                "hashes": [key.hash for key in keys],
                "ids": [json.dumps([str(i) for i in key.ids]) for key in keys],
            },
        )
        cursor = await conn.execute(QUERIES["read_keys"], parameters)
        stored = {(row[0], row[1]): (bytes(row[2]), row[3]) async for row in cursor}
    answers: list[Committed | Exception] = []
    lost: list[Key] = []
    amended: list[tuple[Key, list[UUID]]] = []
    for request in requests:
        answer = _settle(request, stored)
        answers.append(answer)
        own = [key for key in request.keys if stored[key.owner, key.key][1] == key.ids]
        if isinstance(answer, Exception):
            lost += own
        elif answer.replayed:
            # Some of its messages are those of an earlier client_ref: the request's own key must name them.
            amended += [(key, answer.ids) for key in own if key.row is None]
    if lost:
        gone = {message_id for key in lost for message_id in key.ids}
        if any(isinstance(answer, Committed) and gone.intersection(answer.ids) for answer in answers):
            raise EntangledError
        await conn.execute(
            QUERIES["release_keys"], {"owners": [key.owner for key in lost], "keys": [key.key for key in lost]}
        )
    for key, ids in amended:
        await conn.execute(QUERIES["amend_key"], {"owner": key.owner, "key": key.key, "ids": ids})
    return answers


def _settle(request: Request, stored: dict[tuple[str, str], tuple[bytes, list[UUID]]]) -> Committed | Exception:
    """Whose keys these are: ours (store), an earlier request's with the same body (replay), or a conflict."""
    ids: list[UUID] = [message.id for message in request.messages]
    whole = next((key for key in request.keys if key.row is None), None)
    if whole is not None:
        digest, held = stored[whole.owner, whole.key]
        if digest != whole.hash:
            return key_conflict("This Idempotency-Key")
        if held != whole.ids:
            return Committed(ids=held, replayed=True)
    replayed = False
    for key in request.keys:
        if key.row is None:
            continue
        digest, held = stored[key.owner, key.key]
        if digest != key.hash:
            return key_conflict(f"The client_ref {key.key.removeprefix('ref:')!r}")
        if held != key.ids:
            ids[key.row] = held[0]
            replayed = True
    return Committed(ids=ids, replayed=replayed)
