"""The API's description: FastAPI's own, plus the hot routes and the schemas of what msgspec encodes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from anclora.api.errors import problem
from anclora.api.examples import ANSWERS, REFUSALS

_PROBLEM = "application/problem+json"
_TEMPLATE = "#/components/schemas/{name}"
_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "A problem document (RFC 9457). `code` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:anclora:problem:invalid_phone"]},
        "title": {"type": "string", "examples": ["Unprocessable Entity"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string", "examples": ["The phone number is malformed. Write it as +34600111222."]},
        "code": {"type": "string", "examples": ["invalid_phone"]},
        "instance": {"type": "string", "examples": ["/api/v1/messages"]},
    },
    "additionalProperties": True,
}
_WHEN: Mapping[int, str] = {
    400: "The body is not JSON or not UTF-8",
    401: "No API key, or one nobody knows",
    403: "The key lacks a scope; the answer names it",
    404: "There is no such thing",
    408: "The body came too slowly",
    409: "The state of the thing, or an Idempotency-Key used before with another body, forbids this",
    413: "The body is too large",
    422: "The request is understood and cannot be accepted; `code` and `detail` say why",
    503: "A part we need is away; nothing was lost, send it again after Retry-After seconds",
}
_DESCRIPTION = """Send WhatsApp messages and read what became of them.

Every request carries an API key in `X-API-Key`. A message is accepted when it is committed; send an `Idempotency-Key`
(or a `client_ref` per message) and repeat a request as often as you like. Errors are problem documents."""

_shown: set[type] = set()


def ref(kind: type) -> dict[str, str]:
    """A reference to the schema of a type, which thereby becomes part of the description."""
    _shown.add(kind)
    return {"$ref": _TEMPLATE.format(name=kind.__name__)}


def documented(kind: type, *problems: int, status: int = 200) -> dict[int | str, Any]:
    """The answers of a route: what it gives, and the problems to expect, each with its example."""
    content = {"schema": ref(kind), "example": ANSWERS[kind.__name__]}
    found: dict[int | str, Any] = {
        status: {"description": HTTPStatus(status).phrase, "content": {"application/json": content}}
    }
    return found | {each: refused(each) for each in problems}


def refused(status: int) -> dict[str, Any]:
    """A problem a route may answer with."""
    example = {**problem(status, *REFUSALS[status]), "instance": "/…"}
    content = {"schema": {"$ref": _TEMPLATE.format(name="Problem")}, "example": example}
    return {"description": _WHEN[status], "content": {_PROBLEM: content}}


def body_of(kind: type, *examples: Any, required: bool = True) -> dict[str, Any]:
    """The request body of a route, as a member of its operation."""
    shown = {f"example {number}": {"value": value} for number, value in enumerate(examples, 1)}
    content = {"application/json": {"schema": ref(kind), "examples": shown}}
    return {"requestBody": {"required": required, "content": content}}


def operation(  # one keyword per member of an Operation Object
    name: str,
    *,
    summary: str,
    description: str,
    tag: str,
    body: Mapping[str, Any],
    responses: Mapping[int | str, Any],
    parameters: Sequence[Mapping[str, Any]] = (),
    keyed: bool = True,
) -> dict[str, Any]:
    """An operation of a hot route, which FastAPI does not know."""
    return {
        "post": {
            "summary": summary,
            "description": description,
            "tags": [tag],
            "operationId": name,
            "parameters": list(parameters),
            **body,
            "responses": {str(status): value for status, value in responses.items()},
            **({"security": [{"ApiKey": []}]} if keyed else {}),
        }
    }


def describe(app: FastAPI, hot_paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The whole document."""
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    paths: dict[str, dict[str, Any]] = found.setdefault("paths", {})
    for path, operations in hot_paths.items():
        paths.setdefault(path, {}).update(operations)
    _restore_examples(paths)
    kinds = sorted(_shown, key=lambda kind: kind.__name__)
    _refs, schemas = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
    found.setdefault("components", {}).setdefault("schemas", {}).update({**schemas, "Problem": dict(_PROBLEM_SCHEMA)})
    return found


def _restore_examples(paths: Mapping[str, Mapping[str, Any]]) -> None:
    """FastAPI drops the members of an example that are null; they are part of the answer."""
    for operations in paths.values():
        for each in operations.values():
            for response in each["responses"].values():
                content = response.get("content", {}).get("application/json", {})
                kind = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                if kind in ANSWERS:
                    content["example"] = ANSWERS[kind]
