"""The refusals of this room, each with a stable code; `anclora/api/errors.py` maps the codes to HTTP."""

from uuid import UUID

from anclora.kit.errors import NotFoundError


def no_hook(hook_id: UUID) -> NotFoundError:
    """No subscription has this id."""
    return NotFoundError(f"There is no subscription {hook_id}. See: anclora hooks list", code="hook_not_found")


def no_delivery(event_id: UUID) -> NotFoundError:
    """The subscription was never to be told of this event, or it is no longer kept."""
    return NotFoundError(
        f"No event {event_id} is kept that this subscription wants. See: anclora hooks deliveries",
        code="delivery_not_found",
    )
