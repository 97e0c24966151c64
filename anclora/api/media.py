"""The doors of files: bring one as the body of a request, and see what is kept."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.deps import deps_of
from anclora.api.examples_media import FILE_HASH
from anclora.api.openapi import documented
from anclora.kit.deadline import Deadline
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.media import StoredFile, Uploaded, find, keep

router = APIRouter(tags=["media"])
_UPLOAD_SECONDS = 600.0
_HASH = re.compile(r"[0-9a-f]{64}")
Sender = Annotated[Caller, Depends(Needs("messages:send"))]
Reader = Annotated[Caller, Depends(Needs("messages:read"))]
_BINARY: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}, "examples": {}}


async def _pieces(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise InvalidError(f"The file is larger than {limit_bytes} bytes.", code="too_large")
    async for piece in request.stream():
        yield piece


@router.post(
    "/api/v1/media",
    status_code=201,
    summary="Bring a file",
    responses=documented(Uploaded, 401, 403, 408, 413, 422, 503, status=201),
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}},
)
async def post_media(
    request: Request,
    _caller: Sender,
    filename: Annotated[str | None, Query(description="shown to whoever gets it as a document")] = None,
) -> Response:
    """The body is the file, Content-Type what you call it; its first bytes decide. Name the hash in `media.stored`."""
    deps = deps_of(request)
    settings = deps.settings
    try:
        with Deadline(_UPLOAD_SECONDS):
            kept = await keep(
                deps.db,
                deps.files,
                _pieces(request, settings.media_limit_bytes),
                said=request.headers.get("content-type"),
                filename=filename,
                limit_bytes=settings.media_limit_bytes,
                days=settings.media_days,
            )
    except TimeoutError as error:
        raise InvalidError(f"The file took longer than {_UPLOAD_SECONDS:.0f} s.", code="body_too_slow") from error
    return answer(kept, status=201)


@router.get(
    "/api/v1/media/{file_hash}",
    summary="One file that is kept",
    responses=documented(StoredFile, 401, 403, 404, 422, 503),
)
async def get_media(
    request: Request, file_hash: Annotated[str, Path(examples=[FILE_HASH])], _caller: Reader
) -> Response:
    """What it is and how long it stays; its bytes are not handed out."""
    file = await find(deps_of(request).db, file_hash) if _HASH.fullmatch(file_hash) else None
    if file is None:
        raise NotFoundError("No file of this hash is kept. Bring it: POST /api/v1/media.", code="file_not_found")
    return answer(file)
