"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): its shape; its meaning is `submit`'s."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers

from anclora.kit.errors import InvalidError

_SHAPE = re.compile(r"[\x21-\x7e]{1,200}\Z")
KEY_PARAMETER: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Repeat a request with the same key and body and get the first answer (header Idempotent-Replayed).",
}


def idempotency_key(headers: Headers) -> str | None:
    """The key of a request, or None.

    Raises:
        InvalidError: it came twice, or is not 1 to 200 visible ASCII characters.
    """
    values = headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _SHAPE.match(values[0]):
        raise InvalidError(
            "Idempotency-Key must come once and have 1 to 200 visible ASCII characters, e.g. a UUID.",
            code="invalid_idempotency_key",
        )
    return values[0]
