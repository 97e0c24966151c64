"""Looking for backups: whole ones, and those that are not, with the reason."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from anclora.backups.errors import ForeignError, TargetError
from anclora.backups.house import House
from anclora.backups.model import Kind, Lying, Manifest, Tier
from anclora.backups.proof import parsed
from anclora.backups.rules import manifest_key, name_of_data, name_of_manifest, parse_name
from anclora.backups.wal.rules import Segment
from anclora.backups.wal.rules import parsed as parsed_segments
from anclora.kit.errors import NotFoundError

_AT_ONCE = 8


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that is said to be there.

    Attributes:
        manifest: None = it cannot be read.
        problem: why it is not whole; empty = it is, as far as can be seen without reading it.
    """

    name: str
    manifest: Manifest | None
    problem: str = ""


class Lies(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at a target: backups in the order of names, keys of bytes, whole or not, and pieces of the log."""

    backups: list[Found]
    data: list[str]
    segments: Sequence[Segment] = ()

    @property
    def bases(self) -> list[Manifest]:
        """The whole base backups."""
        return [each for each in self.good if each.tier is Tier.BASE]

    @property
    def good(self) -> list[Manifest]:
        """The whole ones."""
        return [each.manifest for each in self.backups if each.manifest is not None and not each.problem]


async def look(house: House) -> Lies:
    """Everything there is. Raises `TargetError`."""
    return await asyncio.to_thread(_look, house)


async def find_all(house: House) -> Sequence[Found]:
    """Every backup, the newest last within its kind and tier. Raises `TargetError`."""
    return (await look(house)).backups


async def find(house: House, which: str) -> Manifest:
    """A backup by its name, or the newest whole one of a kind.

    Raises:
        InvalidError: neither a name nor a kind.
        NotFoundError: there is none.
        ForeignError: its manifest is none of ours.
        DamagedError: its bytes are gone, or too few.
        TargetError: the target does not answer.
    """
    if which in set(Kind):
        good = [each for each in (await look(house)).good if each.kind == which and each.tier is not Tier.BASE]
        if not good:
            raise NotFoundError(
                f"There is no whole backup of {which} in {house.target.place}. Make one: anclora backup run",
                code="backup_not_found",
            )
        return max(good, key=lambda each: each.made_at)
    name = parse_name(which)
    try:
        return parsed(await asyncio.to_thread(house.target.read, manifest_key(name)), name)
    except TargetError as error:
        if error.code != "backup_missing":
            raise
        raise NotFoundError(
            f"There is no backup {name} in {house.target.place}. See: anclora backup list", code="backup_not_found"
        ) from error


def _look(house: House) -> Lies:
    lying = {each.key: each for each in house.target.list("")}
    names = [name for key in lying if (name := name_of_manifest(key))]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backups") as threads:
        found = list(threads.map(lambda name: _found(house, name, lying), names))
    data = [key for key in lying if name_of_data(key)]
    return Lies(backups=found, data=data, segments=parsed_segments(lying.values()))


def _found(house: House, name: str, lying: dict[str, Lying]) -> Found:
    try:
        manifest = parsed(house.target.read(manifest_key(name)), name)
    except ForeignError as error:
        return Found(name=name, manifest=None, problem=error.detail)
    except TargetError as error:
        if error.code != "backup_missing":  # it went away between the two looks
            raise
        return Found(name=name, manifest=None, problem=error.detail)
    return Found(name=name, manifest=manifest, problem=_problem(manifest, lying.get(manifest.data)))


def _problem(manifest: Manifest, data: Lying | None) -> str:
    if data is None:
        return "its bytes are gone"
    if data.bytes != manifest.bytes:
        return f"it has {data.bytes} bytes, {manifest.bytes} were written"
    return ""
