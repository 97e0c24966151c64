"""The nouns of backups. Pure."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

FORMAT = 1
Step = Callable[[str, int, int | None], None]
"""Told of progress: what is being done, bytes so far, bytes in all (None = not known)."""


class Kind(StrEnum):
    """What is in a backup."""

    POSTGRES = "postgres"  # the ledger: pg_dump, custom format
    REDIS = "redis"  # the lanes: the snapshot a replica gets
    EVOLUTION = "evolution"  # Evolution's own database: losing its sessions means pairing every number again
    CONFIG = "config"  # settings and the names of secrets, never their values


class Tier(StrEnum):
    """Why it was made, which is also how long it is kept."""

    BASE = "base"  # every file of Postgres, and with the log since then any moment: `wal/`
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MANUAL = "manual"


class Print(msgspec.Struct, frozen=True, kw_only=True):
    """A fingerprint of a table, or of the keys of Redis: what must be the same after a restore.

    Attributes:
        rows: rows, or keys without an expiry.
        hash: over what they hold, whatever their order.
    """

    rows: int
    hash: str


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which log goes on where a base backup ends.

    Attributes:
        system: the number Postgres gave itself when it was made.
        timeline: of that log; each recovery begins another.
        begins: name of the first segment a recovery needs.
        segment_bytes: size of each.
        database: the ledger's name.
    """

    system: str
    timeline: int
    begins: str
    segment_bytes: int
    database: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is; lies beside it as JSON, and is written last.

    Attributes:
        format: number of the layout.
        name: `postgres/daily/2026-01-31T040000Z`.
        made_at: the moment its content is of; what came later is not in it.
        finished_at: when it was whole.
        data: where the encrypted bytes lie, below the root of the target.
        bytes: of those; `sha256` is of them too.
        plain_bytes: before encryption.
        unpacked_bytes: about what the server needs for it.
        server: version of the server it was taken from; empty for the configuration.
        revision: newest migration in it; empty where there is none.
        program: version of Anclora.
        key_id: which key opens it.
        prints: fingerprints, by table; of Redis `keys`. Empty = none was taken.
        origin: of a base backup, the log it belongs to; unset = it is none.
        mac: proves that whoever wrote this had the key.
    """

    format: int = FORMAT
    name: str
    kind: Kind
    tier: Tier
    made_at: datetime
    finished_at: datetime
    data: str
    bytes: int
    sha256: str
    plain_bytes: int
    unpacked_bytes: int
    server: str
    revision: str
    program: str
    key_id: str
    prints: dict[str, Print]
    origin: Origin | msgspec.UnsetType = msgspec.UNSET
    mac: str = ""


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """What a source said of what it gave; fields as in `Manifest`."""

    made_at: datetime
    server: str = ""
    revision: str = ""
    unpacked_bytes: int = 0
    prints: dict[str, Print] = {}
    origin: Origin | msgspec.UnsetType = msgspec.UNSET


class Lying(msgspec.Struct, frozen=True, kw_only=True):
    """Something that lies in a target: `key` below its root."""

    key: str
    bytes: int


def no_step(what: str, done: int, whole: int | None) -> None:
    """Tell nobody of progress."""
