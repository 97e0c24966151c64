"""The refusals of this room, each with a stable code; `anclora/api/errors.py` maps the codes to HTTP."""

from collections.abc import Collection
from uuid import UUID

from anclora.kit.errors import ConflictError, InvalidError, NotFoundError


def unknown_people(names: Collection[str]) -> InvalidError:
    """Names nobody was entered under."""
    shown = ", ".join(sorted(names))
    return InvalidError(
        f"Nobody is called {shown[:200]}. Enter people first: anclora oncall person NAME --way email=ana@example.com",
        code="unknown_person",
    )


def no_person(name: str) -> NotFoundError:
    """Nobody has this name."""
    return NotFoundError(f"Nobody is called {name[:60]}. See: anclora oncall show", code="person_not_found")


def is_needed(name: str) -> ConflictError:
    """Somebody who has a turn or a duty cannot go yet."""
    return ConflictError(
        f"{name} has turns or a duty. Set another rotation, override or duty first; see: anclora oncall show",
        code="person_needed",
    )


def no_override(override_id: UUID) -> NotFoundError:
    """No override or swap of this id goes on or is coming."""
    return NotFoundError(
        f"No override or swap {override_id} goes on or is coming. See: anclora oncall show", code="override_not_found"
    )


def no_holiday(holiday_id: UUID) -> NotFoundError:
    """No days off have this id."""
    return NotFoundError(f"There are no days off {holiday_id}. See: anclora oncall show", code="holiday_not_found")


def no_handoff() -> NotFoundError:
    """No hand-off is coming or waits."""
    return NotFoundError(
        "No hand-off is coming within a day or waits. See: anclora oncall show", code="handoff_not_found"
    )
