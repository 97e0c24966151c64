"""What the server checks in a body, with the very words of its schema library (contract 1.4)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

# The configuration enum of contract 5.4, in the server's order: its error text lists it.
EVENTS: tuple[str, ...] = tuple(
    """APPLICATION_STARTUP QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT MESSAGES_EDITED MESSAGES_UPDATE MESSAGES_DELETE
    SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET CONTACTS_UPSERT CONTACTS_UPDATE PRESENCE_UPDATE CHATS_SET CHATS_UPSERT
    CHATS_UPDATE CHATS_DELETE GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE CONNECTION_UPDATE LABELS_EDIT
    LABELS_ASSOCIATION CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS REMOVE_INSTANCE LOGOUT_INSTANCE INSTANCE_CREATE
    INSTANCE_DELETE STATUS_INSTANCE""".split()  # noqa: SIM905 - a list of names reads best as words
)

STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "string", "description": "Invalid format"}
OPTIONS: Schema = {
    "delay": {"type": "integer", "description": "Enter a value in milliseconds"},
    "quoted": {
        "type": "object",
        "properties": {
            "key": {"type": "object", "properties": {"id": STRING}, "required": ["id"]},
            "message": {"type": "object"},
        },
    },
    "everyOne": {"type": "boolean", "enum": [True, False]},
    "mentioned": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {
            "type": "string",
            "pattern": r"^\d+",
            "description": '"mentioned" must be an array of numeric strings',
        },
    },
}

SEND_TEXT: Schema = {
    "type": "object",
    "properties": {"number": NUMBER, "text": STRING, "linkPreview": BOOLEAN, **OPTIONS},
    "required": ["number", "text"],
}
SEND_MEDIA: Schema = {
    "type": "object",
    "properties": {
        "number": NUMBER,
        "mediatype": {"type": "string", "enum": ["image", "document", "video", "audio"]},
        "mimetype": STRING,
        "media": STRING,
        "fileName": STRING,
        "caption": STRING,
        **OPTIONS,
    },
    "required": ["number", "mediatype"],
}
SEND_AUDIO: Schema = {
    "type": "object",
    "properties": {"number": NUMBER, "audio": STRING, **OPTIONS},
    "required": ["number"],
}
WEBHOOK: Schema = {
    "type": "object",
    "properties": {
        "webhook": {
            "type": "object",
            "properties": {
                "enabled": BOOLEAN,
                "url": STRING,
                "headers": {"type": "object"},
                "byEvents": BOOLEAN,
                "base64": BOOLEAN,
                "events": {"type": "array", "items": {"type": "string", "enum": EVENTS}},
            },
            "required": ["enabled", "url"],
        }
    },
    "required": ["webhook"],
}
CREATE: Schema = {
    "type": "object",
    "properties": {
        "instanceName": STRING,
        "number": {"type": "string", "pattern": r"^\d+[\.@\w-]+"},
        "token": STRING,
        "qrcode": BOOLEAN,
    },
}
_SWITCHES = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")
SETTINGS: Schema = {
    "type": "object",
    "properties": {**dict.fromkeys(_SWITCHES, BOOLEAN), "msgCall": STRING, "wavoipToken": STRING},
    "required": _SWITCHES,
}
PROXY: Schema = {
    "type": "object",
    "properties": {"enabled": BOOLEAN, "host": STRING, "port": STRING, "protocol": STRING},
    "required": ["enabled", "host", "port", "protocol"],
}
PRESENCE: Schema = {
    "type": "object",
    "properties": {
        "presence": {"type": "string", "enum": ["unavailable", "available", "composing", "recording", "paused"]}
    },
    "required": ["presence"],
}
FIND: Schema = {
    "type": "object",
    "properties": {
        "where": {
            "type": "object",
            "properties": {
                "key": {
                    "type": "object",
                    "properties": {"id": {"type": "string", "description": "The property cannot be empty"}},
                }
            },
        }
    },
}
NUMBERS: Schema = {
    "type": "object",
    "properties": {"numbers": {"type": "array", "minItems": 1, "uniqueItems": True, "items": STRING}},
}

_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list}


def violations(schema: Schema, value: Any) -> list[str]:
    """Everything a body breaks, in the server's order; empty = fine."""
    return list(_check(schema, value, ""))


def _check(schema: Schema, value: Any, path: str) -> Iterator[str]:
    # A node with a description answers with it, whatever was wrong there.
    fixed = schema.get("description")
    for problem in _own(schema, value):
        yield str(fixed) if fixed else f"{path or 'instance'} {problem}"
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from _check(child, value[name], f"{path}.{name}" if path else name)
        for name in schema.get("required", ()):
            if name not in value:
                yield f'{path or "instance"} requires property "{name}"'
        # The server's own rule, which holds only where an object has no other members than these.
        filled: Sequence[str] = schema.get("filled", ())
        if value.keys() <= set(filled):
            yield from (f'The "{name}" cannot be empty' for name in filled if value.get(name) == "")
    elif isinstance(value, list) and "items" in schema:
        for position, item in enumerate(value):
            yield from _check(schema["items"], item, f"{path}[{position}]")


def _own(schema: Schema, value: Any) -> Iterator[str]:
    wanted = schema.get("type")
    if wanted is not None and not _is(wanted, value):
        yield f"is not of a type(s) {wanted}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"is not one of enum values: {_listed(schema['enum'])}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"does not match pattern {json.dumps(schema['pattern'])}"
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield f"does not meet minimum length of {schema['minLength']}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _within(schema, value)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"does not meet minimum length of {schema['minItems']}"
        if len(value) > schema.get("maxItems", len(value)):
            yield f"does not meet maximum length of {schema['maxItems']}"
        if schema.get("uniqueItems") and any(item in value[:position] for position, item in enumerate(value)):
            yield "contains duplicate item"


def _within(schema: Schema, value: float) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"must be greater than or equal to {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"must be less than or equal to {schema['maximum']}"


def _is(wanted: str, value: Any) -> bool:
    if wanted == "integer":
        return isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if wanted == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[wanted])


def _listed(values: Sequence[Any]) -> str:
    return ",".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
