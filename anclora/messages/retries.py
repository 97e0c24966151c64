"""How often and after how long a refused message is tried again: defaults as data, what differs as rows.

The defaults are our own choice; Meta and Evolution API name none but `Retry-After`. A change counts within a second in
every process that sends, without a restart.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from anclora.audit import record
from anclora.kit.errors import InvalidError
from anclora.kit.lifecycle import Loop
from anclora.providers.contract import Refused, Scope
from anclora.storage.database import Database, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")

Tries = Annotated[int, Meta(ge=1, le=1_000)]
Wait = Annotated[float, Meta(ge=0.01, le=86_400)]
Factor = Annotated[float, Meta(ge=1, le=10)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about one kind of refusal.

    Attributes:
        tries: that count; then the message is dead.
        base_seconds: the first wait.
        factor: by which each wait is longer than the one before.
        cap_seconds: the longest wait, the provider's own wish included.
        jitter: 0 to 1: each wait of ours is longer or shorter by up to this share.
    """

    tries: Tries
    base_seconds: Wait
    factor: Factor
    cap_seconds: Wait
    jitter: Share


DEFAULTS: Mapping[str, Retry] = {
    # The message itself: its file cannot be fetched, for example.
    Scope.MESSAGE: Retry(tries=8, base_seconds=5, factor=2, cap_seconds=600, jitter=0.2),
    # Too much for one person. Meta's advice for its pair limit is to wait 4^n seconds.
    Scope.RECIPIENT: Retry(tries=8, base_seconds=6, factor=4, cap_seconds=3_600, jitter=0.2),
    # A number that is closed may open at any moment, so its probes do not become rarer.
    Scope.LANE: Retry(tries=8, base_seconds=5, factor=1, cap_seconds=600, jitter=0),
    Scope.ACCOUNT: Retry(tries=8, base_seconds=60, factor=2, cap_seconds=3_600, jitter=0.2),
    Scope.TEMPLATE: Retry(tries=8, base_seconds=300, factor=2, cap_seconds=21_600, jitter=0.2),
}


class RetryChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is absent stays, null = the default again.

    Attributes:
        tries: that count; then a message is dead.
        base_seconds: the first wait.
        factor: by which each wait is longer than the one before.
        cap_seconds: the longest wait, the provider's own wish included.
        jitter: 0 to 1: each wait of ours is longer or shorter by up to this share.
    """

    tries: Tries | msgspec.UnsetType | None = msgspec.UNSET
    base_seconds: Wait | msgspec.UnsetType | None = msgspec.UNSET
    factor: Factor | msgspec.UnsetType | None = msgspec.UNSET
    cap_seconds: Wait | msgspec.UnsetType | None = msgspec.UNSET
    jitter: Share | msgspec.UnsetType | None = msgspec.UNSET


class RetryView(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about one failure.

    Attributes:
        failure: message, recipient, lane, account or template; or a reason code, which goes before its scope.
        own: what somebody chose. For a reason code all other values are null: as its scope has them.
    """

    failure: str
    tries: int | None
    base_seconds: float | None
    factor: float | None
    cap_seconds: float | None
    jitter: float | None
    own: list[str]


class Retries:
    """The retries of every failure: the defaults, below what somebody chose."""

    def __init__(self, chosen: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._chosen = chosen or {}

    def of(self, refused: Refused) -> Retry:
        """What is done about a refusal: by its reason code, else by its scope."""
        return self.of_failure(refused.scope, refused.code)

    def of_failure(self, scope: Scope, code: str = "") -> Retry:
        """What is done about a scope, and a reason code in it."""
        own = {**self._chosen.get(scope, {}), **self._chosen.get(code, {})}
        return msgspec.structs.replace(DEFAULTS[scope], **own) if own else DEFAULTS[scope]

    def views(self) -> list[RetryView]:
        """The scopes, then the reason codes somebody chose something for."""
        codes = sorted(self._chosen.keys() - DEFAULTS.keys())
        return [self.view(failure) for failure in (*DEFAULTS, *codes)]

    def view(self, failure: str) -> RetryView:
        """One of them."""
        own = dict(self._chosen.get(failure, {}))
        scope = DEFAULTS.get(failure)
        plain = msgspec.structs.asdict(scope) if scope else dict.fromkeys(Retry.__struct_fields__)
        return RetryView(failure=str(failure), own=list(own), **{**plain, **own})


async def read_retries(db: Database) -> Retries:
    """As they are now."""
    rows = await db.fetch_all(QUERIES["read_retries"])
    return Retries({row["failure"]: own for row in rows if (own := _own(row))})


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Retry.__struct_fields__ if row[name] is not None}


async def change_retry(db: Database, failure: str, change: RetryChange, *, actor: str) -> RetryView:
    """Store a change.

    Raises:
        InvalidError: this can be no scope and no reason code.
    """
    if not _CODE.fullmatch(failure):
        raise InvalidError(
            f"{failure[:60]!a} is no failure. Name a scope ({', '.join(DEFAULTS)}) or a reason code such as "
            "connection_closed.",
            code="unknown_failure",
        )
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
    async with db.transaction() as conn:
        await conn.execute(QUERIES["lock_retry"], {"failure": failure})
        now = next(row for row in await fetch_all(conn, QUERIES["read_retries"]) if row["failure"] == failure)
        await conn.execute(QUERIES["write_retry"], {**now, **given})
        await record(conn, actor=actor, action="retry.change", subject=failure, detail=given)
    return (await read_retries(db)).view(failure)


class RetryBook(Loop):
    """A sending process's view of the retries, about a second old at the most."""

    name = "retries"
    every_seconds = 0.5

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self.now = Retries()

    async def run_once(self) -> bool:
        """Read the rows; while the database is away the last view stays."""
        self.now = await read_retries(self._db)
        return False
