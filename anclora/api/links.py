"""The doors of short links: make and see them with a key, follow them without one.

`/l/<token>` is for people, so it is no part of the API's description: 302 to where the link leads, or one small page
for every token that leads nowhere, whatever the reason.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.bodies import decode, read_body
from anclora.api.conversions import BODY_BYTES, Reader, Writer, desk_of
from anclora.api.deps import Deps, deps_of
from anclora.api.examples_conversions import LINK, TOKEN
from anclora.api.openapi import body_of, documented
from anclora.conversions import click, shorten
from anclora.conversions.shorten import LinkWish
from anclora.links import Link, find, show

router = APIRouter(tags=["links"])
PATH = "/api/v1/links"
_WISH = msgspec.json.Decoder(LinkWish)
_NOWHERE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>404</title><p>Este enlace ya no lleva a ninguna parte.<p>This link leads nowhere any more.</html>"
)
# The token stays between us and the person; search engines have no business here.
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
_NO_ONE = Caller(account="", key_id=UUID(int=0), name="", scopes=frozenset())


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link; `short_url` is what goes into a message."""

    short_url: str
    link: Link


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next` is the `before` of the one after, null at the end."""

    links: list[LinkView]
    next: UUID | None


def _view(deps: Deps, link: Link) -> LinkView:
    return LinkView(short_url=f"{deps.public_url.rstrip('/')}/l/{link.token}", link=link)


@router.post(
    PATH,
    summary="Make a short link",
    responses=documented(LinkView, 400, 401, 403, 408, 413, 422, 503),
    openapi_extra=body_of(LinkWish, LINK),
)
async def post_link(request: Request, caller: Writer) -> Response:
    """Where it leads is fixed for good. Of a person's link the first click can record a conversion."""
    deps = deps_of(request)
    wish = decode(_WISH, await read_body(request, BODY_BYTES))
    return answer(_view(deps, await shorten(deps.db, wish, desk_of(request, caller))))


@router.get(PATH, summary="Short links", responses=documented(LinkPage, 401, 403, 422, 503))
async def get_links(
    request: Request,
    caller: Reader,
    before: Annotated[UUID | None, Query(description="last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """How often each was followed, by people and by programs that only looked."""
    deps = deps_of(request)
    found = await find(deps.db, caller.account, before=before, limit=limit)
    views = [_view(deps, link) for link in found]
    return answer(LinkPage(links=views, next=found[-1].id if len(found) == limit else None))


@router.get(f"{PATH}/{{token}}", summary="One short link", responses=documented(LinkView, 401, 403, 404, 422, 503))
async def get_link(request: Request, token: Annotated[str, Path(examples=[TOKEN])], caller: Reader) -> Response:
    """With its latest clicks, and of each that was no person's why not."""
    deps = deps_of(request)
    return answer(_view(deps, await show(deps.db, caller.account, token)))


@router.get("/l/{token}", include_in_schema=False)
@router.head("/l/{token}", include_in_schema=False)
async def follow_link(request: Request, token: str) -> Response:
    """Needs no key."""
    url = await click(
        deps_of(request).db, token, method=request.method, headers=request.headers, desk=desk_of(request, _NO_ONE)
    )
    if url is None:
        return HTMLResponse(_NOWHERE, status_code=404, headers=_PRIVATE)
    return Response(status_code=302, headers={**_PRIVATE, "Location": url})
