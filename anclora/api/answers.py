"""JSON answers, encoded by msgspec like everything else on the wire, without what the caller may not read."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import msgspec
from starlette.responses import Response

from anclora.kit.said import withheld

# Whether whoever asks may read people's words. A door that asks for no key, or forgets to, shows none.
READS_BODIES: ContextVar[bool] = ContextVar("reads_bodies", default=False)
ENCODER = msgspec.json.Encoder()


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON; what people said only for a caller who may read it."""
    shown = value if READS_BODIES.get() else withheld(value)
    return Response(
        ENCODER.encode(shown), status_code=status, media_type="application/json", headers=dict(headers or {})
    )
