"""The nouns of dependencies. Pure."""

from enum import StrEnum

import msgspec


class Step(StrEnum):
    """How far the newest version is from the locked one."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    UNKNOWN = "unknown"  # the index did not say


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a lock. `name` as PyPI compares names (PEP 503), `version` by PEP 440."""

    name: str
    version: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an index. `requires_python` is a specifier, "" = any."""

    name: str
    requires_python: str = ""
    yanked: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A locked package beside its newest version.

    Attributes:
        newest: that this Python can use, not yanked and no pre-release; None = it could not be learnt.
        note: why it could not.
    """

    name: str
    locked: str
    newest: str | None
    step: Step
    note: str = ""
