"""The templates' doors: what Meta approved, and reading it anew."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs
from anclora.api.deps import deps_of
from anclora.api.openapi import documented
from anclora.audit import record
from anclora.templates import Synced, TemplateView, listing, sync

router = APIRouter(tags=["templates"])
Reader = Annotated[Caller, Depends(Needs("templates:read"))]
Writer = Annotated[Caller, Depends(Needs("templates:write"))]


class TemplateList(msgspec.Struct, frozen=True, kw_only=True):
    """Templates by name and language, at most a thousand."""

    templates: list[TemplateView]


@router.get("/api/v1/templates", summary="The templates", responses=documented(TemplateList, 401, 403, 422, 503))
async def get_templates(
    request: Request,
    _caller: Reader,
    status: Annotated[str | None, Query(max_length=60, examples=["APPROVED"])] = None,
    name: Annotated[str | None, Query(max_length=600, examples=["visit_reminder"])] = None,
) -> Response:
    """As the provider last told them; one that is gone there is shown only by its name."""
    return answer(TemplateList(templates=await listing(deps_of(request).db, status=status, name=name)))


@router.post(
    "/api/v1/templates/sync",
    summary="Read the templates anew",
    responses=documented(Synced, 401, 403, 422, 503),
)
async def post_sync(request: Request, caller: Writer) -> Response:
    """Asks every provider that has templates; this happens every hour by itself, and with every event of Meta."""
    deps = deps_of(request)
    synced = await sync(deps.db, deps.providers)
    async with deps.db.transaction() as conn:
        await record(
            conn, actor=caller.actor, action="templates.sync", subject="templates", detail={"count": synced.count}
        )
    return answer(synced)
