"""The refusals several verbs share."""

from uuid import UUID

from anclora.kit.errors import ConflictError, NotFoundError


def no_conversion(conversion_id: UUID) -> NotFoundError:
    """There is none of this id."""
    return NotFoundError(f"There is no conversion {conversion_id}.", code="conversion_not_found")


def other_body(external_id: str) -> ConflictError:
    """An external id came again with something else under it."""
    return ConflictError(
        f"Something else is recorded under the external id {external_id!r}. To change it, correct or refund it.",
        code="external_id_taken",
        extra={"external_id": external_id},
    )
