"""The newest whole backup of each kind that is backed up here, as the bucket or the folder holds them.

A backup is whole when its manifest is there and as many bytes as it says; whether it can be restored only
`anclora backup verify` says.
"""

from collections.abc import Iterable, Mapping

from anclora.backups import Kind, Manifest, find_all, kinds_of, open_house, proofs
from anclora.kit.clock import business_date
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.contract import Parts, Query, Reading

_HOUR_SECONDS = 3_600.0
_DAY_SECONDS = 86_400.0


async def age_hours(parts: Parts) -> Reading:
    """The age of the newest backup, of the kind where that is oldest."""
    found = await _newest(parts)
    if lost := [kind for kind in kinds_of(parts.settings) if kind not in found]:
        raise NoDataError(f"There is no {' and no '.join(lost)} backup.")
    ages = [(parts.now - each.made_at).total_seconds() / _HOUR_SECONDS for each in found.values()]
    return Reading(value=round(max(ages), 1), facts=_facts(found.values()))


async def not_of_today(parts: Parts) -> Reading:
    """How many kinds have no backup of this business day."""
    zone, found = parts.settings.timezone, await _newest(parts)
    today, kinds = business_date(parts.now, zone), kinds_of(parts.settings)
    late = [kind for kind in kinds if kind not in found or business_date(found[kind].made_at, zone) != today]
    lost = [f"{kind}: -" for kind in kinds if kind not in found]
    return Reading(value=float(len(late)), facts=[*lost, *_facts(found.values())])


async def unproved_days(parts: Parts) -> Reading:
    """How many days ago a backup came back as it was, of the kind where that is longest ago."""
    if not parts.settings.backup_url:
        raise NotConfiguredError("ANCLORA_BACKUP_URL")
    known = await proofs(parts.db)
    good = {kind: known[kind].good_at for kind in kinds_of(parts.settings) if kind in known}
    if lost := [kind for kind in kinds_of(parts.settings) if good.get(kind) is None]:
        raise NoDataError(f"No {' and no '.join(lost)} backup has been restored and compared yet.")
    moments = {kind: at for kind, at in good.items() if at is not None}
    failed = [f"{kind}: the last try failed" for kind in moments if not known[kind].holds]
    told = [f"{kind}: came back as it was on {at:%Y-%m-%d}" for kind, at in moments.items()]
    return Reading(
        value=round((parts.now - min(moments.values())).total_seconds() / _DAY_SECONDS, 1), facts=[*failed, *told]
    )


def newest(whole: Iterable[Manifest]) -> dict[Kind, Manifest]:
    """The newest of each kind. Pure."""
    return {each.kind: each for each in sorted(whole, key=lambda one: one.made_at)}


def _facts(found: Iterable[Manifest]) -> list[str]:
    return [f"{each.name}, {each.bytes} B, of {each.made_at:%Y-%m-%d %H:%M} UTC" for each in found]


async def _newest(parts: Parts) -> dict[Kind, Manifest]:
    if not parts.settings.backup_url:
        raise NotConfiguredError("ANCLORA_BACKUP_URL")
    house = open_house(parts.settings, parts.clock)
    try:
        every = await find_all(house)
    finally:
        house.close()
    wanted = set(kinds_of(parts.settings))
    return newest(
        each.manifest for each in every if each.manifest and not each.problem and each.manifest.kind in wanted
    )


QUERIES: Mapping[str, Query] = {
    "backups.age_hours": age_hours,
    "backups.not_of_today": not_of_today,
    "backups.unproved_days": unproved_days,
}
