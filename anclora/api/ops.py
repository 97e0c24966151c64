"""GET /api/v1/ops/runs: what the operator's routines found, with the evidence."""

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
from anclora.playbook import BOOK, Checklist, Run, is_red, recent_runs

router = APIRouter(tags=["operations"])
Reader = Annotated[Caller, Depends(Needs("ops:read"))]


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run, and whether all of it was green: no finding, nothing unknown."""

    good: bool
    run: Run


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of routines, the newest first."""

    runs: list[RunView]


@router.get("/api/v1/ops/runs", summary="Runs of routines", responses=documented(RunList, 401, 403, 422, 503))
async def get_runs(
    request: Request,
    _caller: Reader,
    checklist: Annotated[Checklist | None, Query(description="only of this routine")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """The last runs, by hand and by themselves, each check with its value, verdict and evidence."""
    runs = await recent_runs(deps_of(request).db, checklist, limit)
    return answer(RunList(runs=[RunView(good=not is_red(BOOK[run.checklist], run.results), run=run) for run in runs]))
