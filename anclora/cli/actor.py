"""Who types a command, and in which role: `ANCLORA_ACTOR_ROLE`, admin where it is unset.

A command that the role's row in `anclora/access/roles.toml` does not allow is refused before it does anything, and the
refusal goes to the audit trail where the ledger is at hand. It is a rail and no wall: whoever holds the database's
password can do all that the password can.
"""

import getpass
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from anclora.kit.errors import AncloraError, ForbiddenError, InvalidError

ROLE = "ANCLORA_ACTOR_ROLE"
_ADMIN = "admin"
_ANY = "--*"
_SHARED = frozenset({"data_dir", "as_json"})


def actor() -> str:
    """Who it is in the audit trail: `cli:` and the name at this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return f"cli:{os.getuid()}"


def guard(command: Any, words: str) -> None:
    """Have a command, and all below it, ask for the role first; `words` = what is typed to get there."""
    children: Mapping[str, Any] = getattr(command, "commands", {})
    if command.callback is not None and (not children or command.invoke_without_command):
        _have_ask(command, words)
    for name, child in children.items():
        guard(child, f"{words} {name}")


def _have_ask(command: Any, words: str) -> None:
    invoke, callback = command.invoke, command.callback

    def invoking(context: typer.Context) -> Any:
        def asking(**given: Any) -> Any:
            role = os.environ.get(ROLE) or _ADMIN
            if role != _ADMIN and context.invoked_subcommand is None:
                _require(role, words, list(_given(context)), context.params)
            return callback(**given)

        command.callback = asking  # only now is there a context, which knows whether another command follows
        return invoke(context)

    command.invoke = invoking


def _given(context: typer.Context) -> Iterator[str]:
    """The options and arguments that were typed, as the table calls them."""
    for each in context.command.params:
        source = context.get_parameter_source(each.name or "")
        if source is None or source.name != "COMMANDLINE" or each.name in _SHARED:
            continue
        if each.param_type_name == "option":
            yield from (*each.opts, _ANY)
        else:
            yield str(each.metavar or each.name).upper()


def needs_of(commands: Mapping[str, Sequence[str]], words: str, given: Sequence[str]) -> list[str] | None:
    """What a command needs with what was typed behind it; None = it does not stand in the table. Pure."""
    if words not in commands:
        return None
    lines = (words, *(f"{words} {each}" for each in given))
    return [need for line in dict.fromkeys(lines) for need in commands.get(line, ())]


def _require(role: str, words: str, given: Sequence[str], params: Mapping[str, Any]) -> None:
    from anclora.access.roles import table  # noqa: PLC0415 - an admin's commands need not wait for it

    known = table()
    if role not in known.roles:
        raise InvalidError(f"{ROLE} is {role!r}; there are: {', '.join(known.roles)}.", code="unknown_role")
    needs = needs_of(known.commands, words, given)
    lacking = (
        ["an entry in the table"] if needs is None else [each for each in needs if not known.allows(role, (each,))]
    )
    if not lacking:
        return
    untold = _record(role, words, lacking, params.get("data_dir"))
    raise ForbiddenError(
        f"The role {role} may not `anclora {words}`: it lacks {', '.join(lacking)}. "
        f"Who may what: docs/reference/access.md; the role comes from {ROLE}.{untold}",
        code="role_forbids",
        extra={"role": role, "lacks": lacking},
    )


def _record(role: str, words: str, lacking: Sequence[str], data_dir: Path | None) -> str:
    """Write the refusal to the trail; what the person should know where that was not possible."""
    from anclora.audit import record  # noqa: PLC0415 - as above
    from anclora.cli.database import with_database  # noqa: PLC0415
    from anclora.cli.options import DEFAULT_DATA_DIR  # noqa: PLC0415
    from anclora.storage.database import Database  # noqa: PLC0415

    async def write(db: Database) -> None:
        async with db.transaction() as conn:
            detail = {"role": role, "lacks": list(lacking)}
            await record(conn, actor=actor(), action="command.refuse", subject=f"command:{words}", detail=detail)

    try:
        with_database(data_dir or DEFAULT_DATA_DIR, write)
    except AncloraError as error:
        return f" (Not in the audit trail: {error.detail})"
    return ""
