"""Who may come through which door: the header X-API-Key, a scope per door, and the open routes."""

from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request
from structlog.contextvars import bind_contextvars

from anclora.access import BODIES, Caller, scopes_of
from anclora.api.answers import READS_BODIES
from anclora.api.deps import deps_of

KEY_HEADER = "X-API-Key"
# Somebody with a greater key who acts in a smaller role: the command line sends it. It only ever takes away.
ROLE_HEADER = "X-Anclora-Role"
_header = APIKeyHeader(
    name=KEY_HEADER, scheme_name="ApiKey", auto_error=False, description="Made by `anclora keys create`."
)
GivenKey = Annotated[str | None, Security(_header)]


_NAMES = {"message_id": "message_id", "instance": "instance", "name": "subject"}  # of a path -> in the log


async def authorize(request: Request, *scopes: str) -> Caller:
    """The caller, who holds these scopes. Raises `UnauthorizedError` or `ForbiddenError`."""
    known = {told: str(request.path_params[name]) for name, told in _NAMES.items() if name in request.path_params}
    if known:
        bind_contextvars(**known)  # every line of this request says what it is about
    caller = await caller_of(request, request.headers.get(KEY_HEADER))
    for scope in scopes:
        caller.require(scope)
    READS_BODIES.set(caller.may(BODIES))
    return caller


async def caller_of(request: Request, key: str | None) -> Caller:
    """The caller behind a key, with no more than the role the request names. Raises `UnauthorizedError`."""
    caller, role = await deps_of(request).access.check(key), request.headers.get(ROLE_HEADER)
    return caller if role is None else caller.narrowed(role, scopes_of(role))


class Needs:
    """A FastAPI dependency: the caller, who holds these scopes."""

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request, _key: GivenKey) -> Caller:
        """Check the key of a request."""
        return await authorize(request, *self.scopes)


async def open_to_all(request: Request, key: GivenKey) -> Caller | None:
    """A FastAPI dependency of open routes: the caller if a key came along; any key is needed where they are closed."""
    deps = deps_of(request)
    if key is None and deps.settings.open_routes:
        return None
    return await caller_of(request, key)
