"""Errors become problem documents (RFC 9457) here and nowhere else; one map says which status a code has."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from anclora.api.answers import ENCODER
from anclora.kit.errors import (
    AncloraError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from anclora.kit.logging import get_logger

log = get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
_SHOWN = 20

# What a code says wins over what its class says.
STATUS_OF_CODE: Mapping[str, int] = {
    "malformed_json": 400,
    "malformed_webhook": 400,
    "not_utf8": 400,
    "body_too_slow": 408,
    "too_large": 413,
    # The path was found; a name inside the request was not.
    "unknown_instance": 422,
    "no_instance": 422,
    "unknown_target": 422,
    "media_gone": 422,
    # The provider does not know us; the caller's own key is fine.
    "provider_key_refused": 503,
    "provider_forbids": 503,
}
STATUS_OF_CLASS: Mapping[type[AncloraError], int] = {
    InvalidError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    UnauthorizedError: 401,
    ForbiddenError: 403,
    UnavailableError: 503,
}
CODE_OF_STATUS: Mapping[int, str] = {404: "no_such_route", 405: "method_not_allowed"}


def status_of(error: AncloraError) -> int:
    """The HTTP status of an expected failure; 500 for one that is our own defect."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next((status for kind, status in STATUS_OF_CLASS.items() if isinstance(error, kind)), 500)


def problem(status: int, code: str, detail: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The members of a problem document. `code` is what programs compare; `type` is the same as a URI."""
    return {
        **(extra or {}),
        "type": f"urn:anclora:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def problem_of(error: AncloraError) -> dict[str, Any]:
    """The problem document of an expected failure; a defect of ours shows nothing of its inside."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(status, "internal", "Something went wrong here; it was logged. Nothing is wrong with your call.")
    return problem(status, error.code, error.detail, error.extra)


def answer_problem(path: str, members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A problem document as an answer to the request for `path`."""
    return Response(
        ENCODER.encode({**members, "instance": path}),
        status_code=int(members["status"]),
        media_type=PROBLEM_TYPE,
        headers=dict(headers or {}),
    )


def answer_error(path: str, error: AncloraError) -> Response:
    """The answer to a request that failed in an expected way."""
    headers: dict[str, str] = {}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = 'ApiKey realm="anclora", header="X-API-Key"'
    members = problem_of(error)
    if members["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", path=path, code=error.code, error=error.detail)
    return answer_problem(path, members, headers)


def answer_defect(path: str, request_id: str) -> Response:
    """The answer when we failed in a way nobody expected; the log line has the same request id."""
    detail = "Something went wrong here; it was logged under this request id."
    return answer_problem(path, problem(500, "internal", detail, {"request_id": request_id}))


async def _on_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AncloraError):
        raise error
    return answer_error(request.url.path, error)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = CODE_OF_STATUS.get(error.status_code, "http_error")
    detail = f"{request.method} {request.url.path[:200]} is not served here; see /openapi.json for what is."
    return answer_problem(request.url.path, problem(error.status_code, code, detail), error.headers)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "detail": str(item["msg"])}
        for item in error.errors()[:_SHOWN]
    ]
    sentence = "; ".join(f"{item['field']}: {item['detail']}" for item in errors)
    return answer_problem(request.url.path, problem(422, "schema", sentence, {"errors": errors}))


def install(app: FastAPI) -> None:
    """Make every failure of an app a problem document; what nobody expects is the frame's."""
    app.add_exception_handler(AncloraError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
