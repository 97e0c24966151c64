"""How fast a number goes: presets as data, overrides as rows, changed while everything runs.

The presets are our own choice, made from what operators of such numbers report; neither WhatsApp nor Evolution API
publishes limits for QR-paired numbers. Meta's for its Cloud API: 80 messages a second, one every 6 s to one person.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from anclora.audit import record
from anclora.instances.book import QUERIES
from anclora.instances.limits import ProviderLimits, limits_in, lower
from anclora.kit.errors import NotFoundError
from anclora.queue import Limits
from anclora.storage.database import Database

Rate = Annotated[float, Meta(ge=0, le=60_000)]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[list[Annotated[int, Meta(ge=1, le=10_000_000)]], Meta(max_length=60)]


class Pacing(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a number; 0 = none.

    Attributes:
        per_minute: messages a minute, spread evenly.
        burst: that may go at once after a silence.
        jitter: 0 to 1: each interval is longer or shorter by up to this share; the mean stays.
        gap_seconds: rest between two messages to one person.
        at_once: requests open at the provider.
        per_day: messages in any 24 hours.
        new_recipients_per_day: different people in any 24 hours.
        kept_share: 0 to 1: of both daily limits, what only replies may use.
        warm_up: messages a day on the first, second … day of the number.
    """

    per_minute: Rate = 0.0
    burst: Annotated[int, Meta(ge=1, le=10_000)] = 1
    jitter: Share = 0.0
    gap_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    at_once: Count = 0
    per_day: Count = 0
    new_recipients_per_day: Count = 0
    kept_share: Share = 0.2
    warm_up: Days = []


PRESETS: Mapping[str, Pacing] = {
    "qr": Pacing(
        per_minute=20,
        jitter=0.4,
        at_once=4,
        per_day=1_000,
        new_recipients_per_day=200,
        warm_up=[50, 100, 200, 400, 800],
    ),
    "cloud": Pacing(per_minute=4_800, burst=8, gap_seconds=6, at_once=64),
    "sandbox": Pacing(),
}


class PacingChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is absent stays, null = what the preset says.

    Attributes:
        preset: qr, cloud or sandbox.
        first_day: of the number, from which the warm-up counts.
    """

    preset: str | msgspec.UnsetType = msgspec.UNSET
    first_day: date | msgspec.UnsetType = msgspec.UNSET
    per_minute: Rate | msgspec.UnsetType | None = msgspec.UNSET
    burst: Annotated[int, Meta(ge=1, le=10000)] | msgspec.UnsetType | None = msgspec.UNSET
    jitter: Share | msgspec.UnsetType | None = msgspec.UNSET
    gap_seconds: Annotated[float, Meta(ge=0, le=86400)] | msgspec.UnsetType | None = msgspec.UNSET
    at_once: Count | msgspec.UnsetType | None = msgspec.UNSET
    per_day: Count | msgspec.UnsetType | None = msgspec.UNSET
    new_recipients_per_day: Count | msgspec.UnsetType | None = msgspec.UNSET
    kept_share: Share | msgspec.UnsetType | None = msgspec.UNSET
    warm_up: Days | msgspec.UnsetType | None = msgspec.UNSET


class PacingView(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a number goes today.

    Attributes:
        limits: what is kept: the preset and what differs from it, never above what the provider allows.
        overrides: what differs from the preset.
        provider: what the provider says of the number, where it does.
        today: messages this number may send in 24 hours now, warm-up counted; 0 = no limit.
    """

    instance: str
    preset: str
    first_day: date | None
    limits: Pacing
    overrides: dict[str, Any]
    provider: ProviderLimits | None
    today: int


def per_day_on(pacing: Pacing, first_day: date | None, today: date) -> int:
    """The cap of 24 hours on a day: the warm-up's while it lasts, and never above the number's own."""
    day = (today - first_day).days if first_day else len(pacing.warm_up)
    if not 0 <= day < len(pacing.warm_up):
        return pacing.per_day
    return min(pacing.warm_up[day], pacing.per_day or pacing.warm_up[day])


def limits_of(view: PacingView) -> Limits:
    """The same in the words of a lane."""
    pacing = view.limits
    return Limits(
        per_second=pacing.per_minute / 60,
        burst=pacing.burst,
        jitter=pacing.jitter,
        gap_seconds=pacing.gap_seconds,
        at_once=pacing.at_once,
        per_day=view.today,
        new_keys_per_day=pacing.new_recipients_per_day,
        kept_share=pacing.kept_share,
    )


# The preset of numbers for which nobody chose one, where the provider is known to differ from a paired phone.
_OF_PROVIDERS: Mapping[str, str] = {"cloud": "cloud"}


def _preset_of(row: Mapping[str, Any], default: str) -> str:
    chosen: str | None = row["preset"]
    return chosen or (_OF_PROVIDERS.get(row["provider"], default) if default == "qr" else default)


def view_of(row: Mapping[str, Any], *, default: str, today: date) -> PacingView:
    """What a row of `read_pacing` means; its preset is null when nobody chose one."""
    preset, theirs = _preset_of(row, default), limits_in(row)
    overrides = {name: row[name] for name in Pacing.__struct_fields__ if row[name] is not None}
    pacing = msgspec.structs.replace(PRESETS[preset], **overrides)
    if theirs is not None:
        people = int(lower(pacing.new_recipients_per_day, theirs.new_recipients_per_day))
        pace = lower(pacing.per_minute, theirs.per_minute)
        pacing = msgspec.structs.replace(pacing, per_minute=pace, new_recipients_per_day=people)
    first_day: date | None = row["first_day"]
    return PacingView(
        instance=row["instance"],
        preset=preset,
        first_day=first_day,
        limits=pacing,
        overrides=overrides,
        provider=theirs,
        today=per_day_on(pacing, first_day, today),
    )


async def read_pacing(db: Database, *, default: str, today: date) -> dict[str, PacingView]:
    """Every number's, by name."""
    rows = await db.fetch_all(QUERIES["read_pacing"])
    return {row["instance"]: view_of(row, default=default, today=today) for row in rows}


async def change_pacing(
    db: Database, name: str, change: PacingChange, *, actor: str, default: str, today: date
) -> PacingView:
    """Store a change; every worker keeps it within seconds.

    Raises:
        NotFoundError: no such number, or no such preset.
    """
    given = {key: value for key, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
    if "preset" in given and given["preset"] not in PRESETS:
        raise NotFoundError(
            f"There is no preset {given['preset'][:40]!a}. Choose from: {', '.join(PRESETS)}.", code="unknown_preset"
        )
    async with db.transaction() as conn:
        known = await (await conn.execute(QUERIES["lock_instance"], {"name": name})).fetchone()
        if known is None:
            raise NotFoundError(f"There is no instance {name[:60]!a}.", code="unknown_instance")
        now = {row["instance"]: row for row in await db.fetch_all(QUERIES["read_pacing"])}[name]
        row = {
            **now,
            "preset": _preset_of(now, default),
            "first_day": now["first_day"] or today,
            **given,
            "instance": name,
        }
        await conn.execute(QUERIES["write_pacing"], row)
        detail = {key: str(value) if isinstance(value, date) else value for key, value in given.items()}
        await record(conn, actor=actor, action="instance.pacing", subject=name, detail=detail)
    return (await read_pacing(db, default=default, today=today))[name]
