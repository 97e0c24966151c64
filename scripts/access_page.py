"""The matrix of access, drawn from `anclora/access/roles.toml`: permissions, doors and commands beside the roles."""

from collections.abc import Iterable, Mapping, Sequence

from anclora.access import DUTIES, SCOPES, table
from anclora.access.roles import ANYBODY, OPEN, SIGNATURE

_BY = "Written by `scripts/reference_pages.py` from `anclora/access/roles.toml`; `make check` holds it to that.\n\n"
_YES = "x"
_WORDS: Mapping[str, str] = {
    ANYBODY: "no key is asked for",
    OPEN: "no key is asked for; any key where `ANCLORA_OPEN_ROUTES` is false",
    SIGNATURE: "the sender's own proof; no key opens it",
}


def access_page() -> str:
    """Who may what."""
    known = table()
    roles = "\n".join(f"- **{name}**: {says}" for name, says in known.roles.items())
    said = {**SCOPES, **DUTIES}
    may = ((f"`{name}`", said[name], (name,)) for name in known.may)
    routes = ((f"`{name}`", _needed(needs), needs) for name, needs in known.routes.items())
    commands = ((_typed(name), _needed(needs), needs) for name, needs in known.commands.items())
    return (
        f"# Who may what\n\n{_BY}How it is used: [give people and programs a role](../howto/roles-and-keys.md).\n\n"
        f"{roles}\n\n"
        f"## Permissions\n\nThe scopes of keys, then what only the command line does.\n\n{_matrix('permission', may)}\n"
        f"## Doors\n\nA key of the role is let in. Without a key only those are that ask for none.\n\n"
        f"{_matrix('door', routes)}\n"
        "## Commands\n\nWith `ANCLORA_ACTOR_ROLE` set to the role. A line with an option or an argument behind the "
        "command says what\nthat needs besides.\n\n"
        f"{_matrix('command', commands)}"
    )


def _typed(name: str) -> str:
    words, any_option, _ = name.partition(" --*")
    return f"`anclora {words}`{', any option' if any_option else ''}"


def _needed(needs: Sequence[str]) -> str:
    return _WORDS.get(needs[0]) or ", ".join(f"`{each}`" for each in needs)


def _matrix(what: str, rows: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    known = table()
    lines = [[what, "needs" if what != "permission" else "is to", *known.roles], ["---"] * (2 + len(known.roles))]
    for name, says, needs in rows:
        lines.append([name, says, *(_YES if lets_in(role, needs) else "" for role in known.roles)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def lets_in(role: str, needs: tuple[str, ...]) -> bool:
    """Whether somebody of a role gets through a door or to the end of a command."""
    return needs == (OPEN,) or table().allows(role, needs)
