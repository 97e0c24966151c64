"""Who may come through which door: the header X-API-Key, a scope per door, and the open routes."""

from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request
from structlog.contextvars import bind_contextvars

from anclora.access import Caller
from anclora.api.deps import deps_of

KEY_HEADER = "X-API-Key"
_header = APIKeyHeader(
    name=KEY_HEADER, scheme_name="ApiKey", auto_error=False, description="Made by `anclora keys create`."
)
GivenKey = Annotated[str | None, Security(_header)]


_NAMES = {"message_id": "message_id", "instance": "instance", "name": "subject"}  # of a path -> in the log


async def authorize(request: Request, scope: str) -> Caller:
    """The caller, who holds a scope. Raises `UnauthorizedError` or `ForbiddenError`."""
    known = {told: str(request.path_params[name]) for name, told in _NAMES.items() if name in request.path_params}
    if known:
        bind_contextvars(**known)  # every line of this request says what it is about
    caller = await deps_of(request).access.check(request.headers.get(KEY_HEADER))
    caller.require(scope)
    return caller


class Needs:
    """A FastAPI dependency: the caller, who holds a scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request, _key: GivenKey) -> Caller:
        """Check the key of a request."""
        return await authorize(request, self.scope)


async def open_to_all(request: Request, key: GivenKey) -> Caller | None:
    """A FastAPI dependency of open routes: the caller if a key came along; any key is needed where they are closed."""
    deps = deps_of(request)
    if key is None and deps.settings.open_routes:
        return None
    return await deps.access.check(key)
