"""The refusals of this room, each with a stable code; `anclora/api/errors.py` maps the codes to HTTP."""

from uuid import UUID

from anclora.kit.errors import ConflictError, NotFoundError


def no_incident(incident_id: UUID) -> NotFoundError:
    """No incident has this id."""
    return NotFoundError(f"There is no incident {incident_id}. See: anclora incidents list", code="incident_not_found")


def is_resolved() -> ConflictError:
    """What is over cannot be acted on."""
    return ConflictError("The incident is resolved. If it goes on, it will be raised again.", code="incident_resolved")


def no_action(action_id: UUID) -> NotFoundError:
    """No action has this id."""
    return NotFoundError(f"There is no action {action_id}. See: anclora incidents action list", code="action_not_found")


def too_many_actions(most: int) -> ConflictError:
    """An incident is no list of everything there is to do."""
    return ConflictError(f"An incident has up to {most} actions; put some together.", code="too_many_actions")


def nobody_left() -> ConflictError:
    """Everybody was called."""
    return ConflictError(
        "Everybody who can be called has been. See who is there: anclora oncall show", code="nobody_left"
    )


def no_silence(silence_id: UUID) -> NotFoundError:
    """No silence or maintenance window of this id goes on or is coming."""
    return NotFoundError(
        f"No silence {silence_id} goes on or is coming. See: anclora incidents silences", code="silence_not_found"
    )
