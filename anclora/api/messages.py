"""The messages' doors. The two that take messages in are hot: plain routes, decoded by msgspec."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import BODIES, Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs, authorize
from anclora.api.bodies import decode, read_body
from anclora.api.deps import deps_of
from anclora.api.errors import problem_of
from anclora.api.examples import FILE, MESSAGE_ID, PHONE, RESCHEDULE, TEXT
from anclora.api.examples_media import DRAFTS
from anclora.api.idempotency import KEY_PARAMETER, idempotency_key
from anclora.api.openapi import body_of, documented, operation
from anclora.contacts import phone_digits
from anclora.kit.errors import AncloraError, InvalidError
from anclora.messages.cancel import cancel
from anclora.messages.errors import BulkError
from anclora.messages.explain import explain
from anclora.messages.model import Draft, Explanation, Message, State
from anclora.messages.read import find, get
from anclora.messages.reschedule import Reschedule, reschedule
from anclora.messages.submit import Accepted, Submitted

router = APIRouter(tags=["messages"])

Row = tuple[int, AncloraError]


class Bulk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 messages; they go out in this order to each recipient."""

    messages: list[Draft]


class RawBulk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, each message still as it came: read when one of them is bad, to say which."""

    messages: list[msgspec.Raw]


class MessageReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted message: it is in the ledger and goes its way."""

    id: UUID
    state: State
    to: str
    instance: str


class BulkReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Every message was accepted, in the order given."""

    accepted: int
    messages: list[MessageReceipt]


class RowAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a partial bulk that is in the ledger."""

    index: int
    id: UUID
    state: State
    to: str
    instance: str
    status: Literal["accepted"] = "accepted"


class RowRejected(msgspec.Struct, frozen=True, kw_only=True):
    """One row that is not, and its problem document."""

    index: int
    problem: dict[str, Any]
    status: Literal["rejected"] = "rejected"


class PartialReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each row of a bulk with ?partial=true."""

    accepted: int
    rejected: int
    results: list[RowAccepted | RowRejected]


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first; `next` is the `before` of the next page, null on the last."""

    messages: list[Message]
    next: UUID | None


_DRAFT = msgspec.json.Decoder(Draft)
_BULK = msgspec.json.Decoder(Bulk)
_RESCHEDULE = msgspec.json.Decoder(Reschedule)
_PATCH_BYTES = 10_000
_RAW_BULK = msgspec.json.Decoder(RawBulk)


async def post_message(request: Request) -> Response:
    """POST /api/v1/messages: one message."""
    caller = await authorize(request, "messages:send")
    deps = deps_of(request)
    key = idempotency_key(request.headers)
    draft = decode(_DRAFT, await read_body(request, deps.settings.body_limit_bytes))
    submitted = await deps.submit.submit(
        caller.account, [draft], key=key, partial=False, may_be_critical=caller.may("messages:critical")
    )
    return answer(_receipts(submitted)[0], status=202, headers=_replayed(submitted))


async def post_bulk(request: Request) -> Response:
    """POST /api/v1/messages/bulk: many, all or nothing; with ?partial=true the good ones."""
    caller = await authorize(request, "messages:send")
    deps = deps_of(request)
    key = idempotency_key(request.headers)
    partial = _partial(request)
    body = await read_body(request, deps.settings.body_limit_bytes)
    drafts, bad, total = _read_bulk(body, deps.settings.bulk_limit)
    if bad and not partial:
        raise BulkError(bad, total)
    submitted = Submitted(results=[], replayed=False)
    if drafts:
        submitted = await deps.submit.submit(
            caller.account,
            [draft for _, draft in drafts],
            key=key,
            partial=partial,
            may_be_critical=caller.may("messages:critical"),
        )
    if not partial:
        receipts = _receipts(submitted)
        return answer(BulkReceipt(accepted=len(receipts), messages=receipts), status=202, headers=_replayed(submitted))
    rows = _rows(submitted, [index for index, _ in drafts], bad)
    accepted = sum(isinstance(row, RowAccepted) for row in rows)
    return answer(
        PartialReceipt(accepted=accepted, rejected=len(rows) - accepted, results=rows),
        status=202,
        headers=_replayed(submitted),
    )


def _partial(request: Request) -> bool:
    value = request.query_params.get("partial", "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise InvalidError("partial must be true or false.", code="schema", extra={"field": "query.partial"})
    return value in ("true", "1")


def _read_bulk(body: bytes, limit: int) -> tuple[Sequence[tuple[int, Draft]], list[Row], int]:
    """The readable drafts with their places, the unreadable rows, and how many there were."""
    try:
        drafts = decode(_BULK, body).messages
    except InvalidError:
        # Rare and slower: row by row, so that each bad one can be named. A body bad as a whole raises again here.
        raws = decode(_RAW_BULK, body).messages
        _check_size(len(raws), limit)
        good: list[tuple[int, Draft]] = []
        bad: list[Row] = []
        for index, raw in enumerate(raws):
            try:
                good.append((index, decode(_DRAFT, raw)))
            except InvalidError as error:
                bad.append((index, error))
        return good, bad, len(raws)
    _check_size(len(drafts), limit)
    return list(enumerate(drafts)), [], len(drafts)


def _check_size(count: int, limit: int) -> None:
    if not 1 <= count <= limit:
        raise InvalidError(f"A bulk request holds 1 to {limit} messages, this one {count}. Split it.", code="bulk_size")


def _receipts(submitted: Submitted) -> list[MessageReceipt]:
    return [
        MessageReceipt(id=each.id, state=each.state, to=each.to, instance=each.instance)
        for each in submitted.results
        if isinstance(each, Accepted)
    ]


def _rows(submitted: Submitted, places: Sequence[int], bad: Sequence[Row]) -> list[RowAccepted | RowRejected]:
    rows: list[RowAccepted | RowRejected] = [
        RowAccepted(index=places[each.index], id=each.id, state=each.state, to=each.to, instance=each.instance)
        if isinstance(each, Accepted)
        else RowRejected(index=places[each.index], problem=problem_of(each.error))
        for each in submitted.results
    ]
    rows += [RowRejected(index=index, problem=problem_of(error)) for index, error in bad]
    return sorted(rows, key=lambda row: row.index)


def _replayed(submitted: Submitted) -> Mapping[str, str]:
    return {"Idempotent-Replayed": "true"} if submitted.replayed else {}


Reader = Annotated[Caller, Depends(Needs("messages:read"))]
Sender = Annotated[Caller, Depends(Needs("messages:send"))]
Id = Annotated[UUID, Path(examples=[MESSAGE_ID])]


@router.get("/api/v1/messages", summary="Find messages", responses=documented(MessagePage, 401, 403, 422, 503))
async def get_messages(
    request: Request,
    _caller: Reader,
    state: Annotated[State | None, Query(description="only those in this state")] = None,
    instance: Annotated[str | None, Query(description="only those of this number of ours")] = None,
    to: Annotated[str | None, Query(description="only those to this phone number", examples=[PHONE])] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The newest first."""
    deps = deps_of(request)
    if instance is not None:
        await deps.book.refresh()
        instance = deps.book.get(instance).name
    digits = phone_digits(to, deps.settings.default_region) if to is not None else None
    found = await find(deps.db, state=state, instance=instance, to=digits, before=before, limit=limit)
    return answer(MessagePage(messages=found, next=found[-1].id if len(found) == limit else None))


@router.get(
    "/api/v1/messages/{message_id}", summary="One message", responses=documented(Message, 401, 403, 404, 422, 503)
)
async def get_message(request: Request, message_id: Id, _caller: Reader) -> Response:
    """Where it stands, and when it got there."""
    return answer(await get(deps_of(request).db, message_id))


@router.get(
    "/api/v1/messages/{message_id}/explain",
    summary="Why is it not out yet?",
    responses=documented(Explanation, 401, 403, 404, 422, 503),
)
async def get_explanation(request: Request, message_id: Id, caller: Reader) -> Response:
    """The one rule that limits it now, and its timeline. Position and moment are estimates."""
    deps = deps_of(request)
    zone, bodies = deps.settings.timezone, caller.may(BODIES)
    return answer(await explain(deps.db, deps.queue, message_id, now=deps.clock.now(), zone=zone, bodies=bodies))


@router.delete(
    "/api/v1/messages/{message_id}",
    summary="Cancel a message",
    responses=documented(Message, 401, 403, 404, 409, 422, 503),
)
async def delete_message(request: Request, message_id: Id, caller: Sender) -> Response:
    """Works while it is queued or scheduled; 409 once it is being sent."""
    return answer(await cancel(deps_of(request).db, message_id, actor=caller.actor))


@router.patch(
    "/api/v1/messages/{message_id}",
    summary="Give a message another time",
    responses=documented(Message, 400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=body_of(Reschedule, RESCHEDULE),
)
async def patch_message(request: Request, message_id: Id, caller: Sender) -> Response:
    """Works while it is queued or scheduled; 409 once it is being sent. It waits as scheduled until then."""
    deps = deps_of(request)
    wish = decode(_RESCHEDULE, await read_body(request, min(_PATCH_BYTES, deps.settings.body_limit_bytes)))
    return answer(await reschedule(deps.db, message_id, wish, now=deps.clock.now(), actor=caller.actor))


_PARTIAL_PARAMETER: Mapping[str, Any] = {
    "name": "partial",
    "in": "query",
    "required": False,
    "schema": {"type": "boolean", "default": False},
    "description": "Accept the good rows and report the bad ones; the answer is then a PartialReceipt.",
}
_PROBLEMS = (400, 401, 403, 408, 409, 413, 422, 503)

HOT_PATHS: Mapping[str, Mapping[str, Any]] = {
    "/api/v1/messages": operation(
        "post_message",
        summary="Send a message",
        description="Accepted means committed. Follow it with GET /api/v1/messages/{id}.",
        tag="messages",
        body=body_of(Draft, TEXT, FILE, *DRAFTS),
        responses=documented(MessageReceipt, *_PROBLEMS, status=202),
        parameters=[KEY_PARAMETER],
    ),
    "/api/v1/messages/bulk": operation(
        "post_bulk",
        summary="Send up to 1,000 messages",
        description="All or nothing; with ?partial=true the good rows are accepted and the bad ones reported.",
        tag="messages",
        body=body_of(Bulk, {"messages": [TEXT, FILE]}),
        responses=documented(BulkReceipt, *_PROBLEMS, status=202),
        parameters=[KEY_PARAMETER, _PARTIAL_PARAMETER],
    ),
}
