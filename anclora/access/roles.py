"""Roles: what stands in `roles.toml`, read once. A role, door or command that does not stand there may nothing."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from anclora.access.model import SCOPES

ADMIN = "admin"
# What a door may need instead of scopes: nothing; a key where open routes are off; the sender's own proof.
ANYBODY, OPEN, SIGNATURE = "anybody", "open", "signature"


@dataclass(frozen=True, slots=True)
class Table:
    """Who may do what.

    Attributes:
        roles: each role with what it is for.
        may: each scope and duty, with the roles that have it.
        routes: `METHOD /path`, with what a key needs: some scopes, or one word.
        commands: the words behind `anclora`, with what the actor needs; an option behind them needs its line too.
    """

    roles: Mapping[str, str]
    may: Mapping[str, frozenset[str]]
    routes: Mapping[str, tuple[str, ...]]
    commands: Mapping[str, tuple[str, ...]]

    def allows(self, role: str, needs: tuple[str, ...]) -> bool:
        """Whether a role has all of it."""
        return needs == (ANYBODY,) or all(role in self.may.get(need, ()) for need in needs)


@cache
def table() -> Table:
    """The table of this version."""
    text = files(__package__ or __name__).joinpath("roles.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return Table(
        roles=read["roles"],
        may={name: frozenset(roles) for name, roles in read["may"].items()},
        routes={name: tuple(needs.split()) for name, needs in read["routes"].items()},
        commands={name: tuple(needs.split()) for name, needs in read["commands"].items()},
    )


@cache
def scopes_of(role: str) -> frozenset[str]:
    """The scopes a key of this role has; of a role that this version does not know, none."""
    return frozenset(name for name, roles in table().may.items() if role in roles and name in SCOPES)
