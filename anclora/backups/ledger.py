"""What the ledger remembers of backups: each try, and which were proved by a restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from anclora.backups import metrics
from anclora.backups.house import House, is_configured, kinds_of
from anclora.backups.model import Kind, Manifest, Tier
from anclora.backups.prints import QUERIES
from anclora.backups.rules import Proof
from anclora.kit.ids import new_id
from anclora.kit.settings import Settings
from anclora.storage.database import Database

_WORDS = 500


class Newest(NamedTuple):
    """Of one kind and tier: the moment of the newest good one, and when one failed last."""

    made_at: datetime | None
    failed_at: datetime | None


async def keep_good(db: Database, house: House, manifest: Manifest) -> None:
    """Remember a whole backup."""
    await db.execute(
        QUERIES["keep_good"],
        id=new_id(),
        kind=manifest.kind.value,
        tier=manifest.tier.value,
        name=manifest.name,
        made_at=manifest.made_at,
        bytes=manifest.bytes,
        key_id=manifest.key_id,
        place=house.target.place,
    )


async def keep_failed(db: Database, house: House, kind: Kind, tier: Tier, words: str) -> None:
    """Remember a try that failed, and why."""
    await db.execute(
        QUERIES["keep_failed"],
        id=new_id(),
        kind=kind.value,
        tier=tier.value,
        place=house.target.place,
        failed=words[:_WORDS],
    )


async def keep_verified(db: Database, name: str, at: datetime | None = None) -> None:
    """Remember that a backup came back as it was, at a moment or now."""
    await db.execute(QUERIES["keep_verified"], name=name, at=at)


async def keep_unproved(db: Database, name: str, words: str, at: datetime) -> None:
    """Remember that a backup did not come back, or otherwise than it was made."""
    await db.execute(QUERIES["keep_unproved"], name=name, words=words[:_WORDS], at=at)


async def proofs(db: Database) -> Mapping[Kind, Proof]:
    """What became of the last tries to restore one, by kind; a kind without backups is not there."""
    rows = await db.fetch_all(QUERIES["proofs"])
    return {Kind(row["kind"]): Proof(row["good_at"], row["failed_at"]) for row in rows}


async def newest(db: Database) -> Mapping[tuple[Kind, Tier], Newest]:
    """What there is of each kind and tier, of the last sixty days."""
    rows = await db.fetch_all(QUERIES["newest"])
    return {(Kind(row["kind"]), Tier(row["tier"])): Newest(row["made_at"], row["failed_at"]) for row in rows}


async def show_backups(db: Database, settings: Settings) -> None:
    """Show the newest good backup of each kind, whoever made it."""
    wanted = set(kinds_of(settings)) if is_configured(settings) else set[Kind]()
    metrics.CONFIGURED.show({(kind.value,): float(kind in wanted) for kind in Kind})
    rows = await db.fetch_all(QUERIES["newest_good"])
    metrics.LAST_SUCCESS.show({(row["kind"],): row["made_at"] for row in rows})
    metrics.LAST_BYTES.show({(row["kind"],): float(row["bytes"]) for row in rows})
    verified = await db.fetch_one(QUERIES["last_verified"], kinds=sorted(wanted))
    metrics.LAST_VERIFIED.show_one(verified["at"] if verified else None)
    tried = {kind: proof for kind, proof in (await proofs(db)).items() if proof.good_at or proof.failed_at}
    metrics.PROVED.show({(kind.value,): float(proof.holds) for kind, proof in tried.items()})
