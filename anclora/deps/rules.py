"""Reading locks and the pages of an index, and comparing versions. Pure.

Locks: the requirements format of pip with hashes, as `uv pip compile` writes it. Pages: PEP 691 (JSON), PEP 503 (HTML).
"""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from anclora.deps.model import File, Locked, Step
from anclora.kit.errors import InvalidError

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")


class _JsonFile(msgspec.Struct):
    filename: str
    requires_python: str | None = msgspec.field(default=None, name="requires-python")
    yanked: bool | str = False


class _JsonPage(msgspec.Struct):
    files: list[_JsonFile]


def locked_in(text: str, *, name: str) -> list[Locked]:
    """Every pinned package of a lock, each once; the newest pin where markers give it several.

    Raises:
        InvalidError: there is none.
    """
    found: dict[str, Version] = {}
    for line in text.splitlines():
        match = _PIN.match(line)
        if match is None:
            continue
        try:
            version = Version(match[2])
        except InvalidVersion:
            continue  # pip refuses such a lock itself
        key = canonicalize_name(match[1])
        found[key] = max(version, found.get(key, version))
    if not found:
        raise InvalidError(f"{name} pins no package (name==version, a line each).", code="not_a_lock")
    return [Locked(name=key, version=str(version)) for key, version in sorted(found.items())]


def files_in_json(body: bytes) -> list[File]:
    """The files of a page of PEP 691. Raises `msgspec.MsgspecError` when it is none."""
    page = msgspec.json.decode(body, type=_JsonPage)
    return [
        File(name=each.filename, requires_python=each.requires_python or "", yanked=each.yanked is not False)
        for each in page.files
    ]


def files_in_html(text: str) -> list[File]:
    """The files of a page of PEP 503."""
    reader = _Anchors()
    reader.feed(text)
    return reader.files


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values: dict[str, Any] = dict(attrs)
        if tag == "a" and values.get("href"):
            name = unquote(urlsplit(values["href"]).path.rpartition("/")[2])
            needs = values.get("data-requires-python") or ""
            self.files.append(File(name=name, requires_python=needs, yanked="data-yanked" in values))


def newest(files: Iterable[File], *, python: str, locked: str) -> str | None:
    """The newest version among an index's files that this Python can use, or None.

    A pre-release counts only where one is locked; a yanked file never does.
    """
    early = Version(locked).is_prerelease
    versions = [
        version
        for each in files
        if not each.yanked and _fits(each.requires_python, python) and (version := _version_of(each.name)) is not None
    ]
    return str(max((each for each in versions if early or not each.is_prerelease), default=None) or "") or None


def step_of(locked: str, fresh: str) -> Step:
    """How big the step is: by the first number of the release that differs; an older one is none."""
    before, after = Version(locked), Version(fresh)
    if after <= before:
        return Step.NONE
    if (before.epoch, before.major) != (after.epoch, after.major):
        return Step.MAJOR
    return Step.MINOR if before.minor != after.minor else Step.PATCH


def _fits(needs: str, python: str) -> bool:
    try:
        return SpecifierSet(needs).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True  # pip takes such files too


def _version_of(name: str) -> Version | None:
    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
