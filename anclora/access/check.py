"""Checking a key: by prefix, in constant time, from memory when it was seen within five seconds."""

import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass

from anclora.access.keys import MARK, PREFIX_CHARS, QUERIES, SECRET_CHARS, digest
from anclora.access.model import Caller
from anclora.access.roles import scopes_of
from anclora.kit.clock import Clock
from anclora.kit.errors import UnauthorizedError
from anclora.storage.database import Database

_SHAPE = re.compile(rf"{MARK}[0-9A-Za-z]{{{PREFIX_CHARS + SECRET_CHARS}}}\Z")
_CACHED_SECONDS = 5.0
_BOUND = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    hash: bytes
    until_seconds: float


class Access:
    """Tells who holds a key. One per process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def check(self, header_value: str | None) -> Caller:
        """The caller behind the value of the header X-API-Key.

        Raises:
            UnauthorizedError: no key (`missing_key`), or none that lives (`unknown_key`).
            UnavailableError: the key is not in memory and the database is away.
        """
        if not header_value:
            raise UnauthorizedError(
                "Send your API key in the header X-API-Key. Make one with: anclora keys create", code="missing_key"
            )
        if not _SHAPE.match(header_value):
            raise _unknown()
        prefix = header_value[len(MARK) : len(MARK) + PREFIX_CHARS]
        known = self._known.get(prefix)
        if known is None or known.until_seconds <= self._clock.boot_seconds():
            known = await self._load(prefix)
        if known is None or not hmac.compare_digest(known.hash, digest(header_value)):
            raise _unknown()
        return known.caller

    async def _load(self, prefix: str) -> _Known | None:
        # The time is taken before the question: the answer may be as old as that.
        until_seconds = self._clock.boot_seconds() + _CACHED_SECONDS
        row = await self._db.fetch_one(QUERIES["find_key"], prefix=prefix)
        self._known.pop(prefix, None)
        if row is None:
            return None
        caller = Caller(
            account=row["account"],
            key_id=row["id"],
            name=row["name"],
            scopes=frozenset(row["scopes"]) if row["role"] is None else scopes_of(row["role"]),
            role=row["role"],
        )
        known = self._known[prefix] = _Known(caller, bytes(row["hash"]), until_seconds)
        if len(self._known) > _BOUND:
            self._known.popitem(last=False)
        return known


def _unknown() -> UnauthorizedError:
    return UnauthorizedError(
        "Nobody knows this API key; it is mistyped or was revoked. Make one with: anclora keys create",
        code="unknown_key",
    )
