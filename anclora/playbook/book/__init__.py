"""The book, read from `*.toml` at import, so that a bad file stops the start and not the morning."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

import msgspec

from anclora.playbook.actions import ACTIONS
from anclora.playbook.model import Check, Checklist, Routine
from anclora.playbook.sources import QUERIES


def load() -> Mapping[Checklist, Routine]:
    """Read every file.

    Raises:
        ValueError: a word nobody knows, a missing text, two checks of one id, a query or an action there is not.
    """
    folder = files(__package__ or __name__)
    book: dict[Checklist, Routine] = {}
    for checklist in Checklist:
        name = f"{checklist.value.replace('-', '_')}.toml"
        try:
            routine = msgspec.convert(tomllib.loads((folder / name).read_text(encoding="utf-8")), Routine)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ValueError(f"anclora/playbook/book/{name}: {error}") from error
        _hold(name, routine.check)
        book[checklist] = routine
    return book


def _hold(name: str, checks: tuple[Check, ...]) -> None:
    ids = [check.id for check in checks]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"anclora/playbook/book/{name}: {', '.join(twice)} is there twice")
    if lost := [check.query for check in checks if check.query not in QUERIES]:
        raise ValueError(f"anclora/playbook/book/{name}: nobody measures {', '.join(lost)}")
    if unsafe := [check.action for check in checks if check.action and check.action not in ACTIONS]:
        raise ValueError(f"anclora/playbook/book/{name}: there is no action {', '.join(unsafe)}")
    if wordy := [check.id for check in checks if check.comparison != "is" and isinstance(check.threshold, str)]:
        raise ValueError(f"anclora/playbook/book/{name}: {', '.join(wordy)} compares a number with a word")


BOOK = load()
