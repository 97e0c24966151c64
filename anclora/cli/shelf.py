"""Commands imported when they are asked for: `anclora queue` must not wait for what only `anclora up` needs."""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from anclora.cli.actor import guard


class Shelf(Mapping[str, Any]):
    """The commands of `anclora`, by name and in order.

    Args:
        panels: heading of the help page, and below it each command with its module under `anclora.cli`. The module has
            an `app`, or a function of the command's name.
    """

    def __init__(self, panels: Mapping[str, Mapping[str, str]]) -> None:
        self._found = {name: (panel, where) for panel, some in panels.items() for name, where in some.items()}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command, taken from the shelf: its module is imported now."""
        if name not in self._made:
            self._made[name] = _made(name, *self._found[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is one of that name; nothing is imported."""
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        """The names, in the order help shows them."""
        return iter(self._found)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)


def group_of(shelf: Shelf) -> type[TyperGroup]:
    """A group whose commands stand on a shelf."""

    class Shelved(TyperGroup):
        def __init__(self, **words: Any) -> None:
            super().__init__(**words)
            self.commands: Any = shelf

    return Shelved


def _made(name: str, panel: str, where: str) -> Any:
    module = importlib.import_module(f"anclora.cli.{where}")
    holder = typer.Typer()
    holder.callback()(_nothing)  # with one it is a group, however many commands it has
    if hasattr(module, "app"):
        holder.add_typer(module.app, name=name, rich_help_panel=panel)
    else:
        holder.command(name, rich_help_panel=panel)(getattr(module, name))
    made = typer.main.get_group(holder).commands[name]
    guard(made, name)
    return made


def _nothing() -> None: ...
