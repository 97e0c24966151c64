"""JSON answers, encoded by msgspec like everything else on the wire."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

ENCODER = msgspec.json.Encoder()


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(
        ENCODER.encode(value), status_code=status, media_type="application/json", headers=dict(headers or {})
    )
