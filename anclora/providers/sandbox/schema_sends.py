"""What the server checks in the bodies of the rarer sends and of the acts on messages (contract 3.5 and 4)."""

from collections.abc import Mapping

from anclora.providers.sandbox.schema import NUMBER, OPTIONS, SEND_AUDIO, SEND_MEDIA, SEND_TEXT, STRING, Schema

_FROM_ME: Schema = {"type": "boolean", "enum": [True, False]}
_KEY: Schema = {
    "type": "object",
    "properties": {"id": STRING, "remoteJid": STRING, "fromMe": _FROM_ME},
    "required": ["id", "remoteJid", "fromMe"],
}


def _body(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "properties": {"number": NUMBER, **properties, **OPTIONS}, "required": required}


_CARD: Schema = {
    "type": "object",
    "properties": {
        "fullName": STRING,
        "wuid": {
            "type": "string",
            "minLength": 10,
            "pattern": r"\d+",
            "description": '"wuid" must be a numeric string',
        },
        "phoneNumber": {"type": "string", "minLength": 10},
        "organization": STRING,
        "email": STRING,
        "url": STRING,
    },
    "required": ["fullName", "phoneNumber"],
}
_ROW: Schema = {
    "type": "object",
    "properties": {"title": STRING, "description": STRING, "rowId": STRING},
    "required": ["title", "rowId"],
    "filled": ["title", "description", "rowId"],
}
_SECTION: Schema = {
    "type": "object",
    "properties": {"title": STRING, "rows": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _ROW}},
    "required": ["title", "rows"],
}
_BUTTON: Schema = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["reply", "copy", "url", "call", "pix"]},
        "displayText": STRING,
        "id": STRING,
        "url": STRING,
        "phoneNumber": STRING,
        "currency": STRING,
        "name": STRING,
        "keyType": {"type": "string", "enum": ["phone", "email", "cpf", "cnpj", "random"]},
        "key": STRING,
    },
    "required": ["type"],
}

SENDS: Mapping[str, Schema] = {
    "sendText": SEND_TEXT,
    "sendMedia": SEND_MEDIA,
    "sendWhatsAppAudio": SEND_AUDIO,
    "sendSticker": _body(["number"], sticker=STRING),
    "sendPtv": _body(["number"], video=STRING),
    "sendLocation": _body(
        ["number", "latitude", "longitude", "name", "address"],
        latitude={"type": "number"},
        longitude={"type": "number"},
        name=STRING,
        address=STRING,
    ),
    "sendContact": {
        "type": "object",
        "properties": {
            "number": NUMBER,
            "contact": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _CARD},
        },
        "required": ["number", "contact"],
    },
    "sendReaction": {
        "type": "object",
        "properties": {"key": _KEY, "reaction": STRING},
        "required": ["key", "reaction"],
    },
    "sendPoll": _body(
        ["number", "name", "selectableCount", "values"],
        name=STRING,
        selectableCount={"type": "integer", "minimum": 0, "maximum": 10},
        values={"type": "array", "minItems": 2, "maxItems": 10, "uniqueItems": True, "items": STRING},
    ),
    "sendList": _body(
        ["number", "title", "footerText", "buttonText", "sections"],
        title=STRING,
        description=STRING,
        footerText=STRING,
        buttonText=STRING,
        sections={"type": "array", "minItems": 1, "uniqueItems": True, "items": _SECTION},
    ),
    "sendButtons": _body(
        ["number"],
        thumbnailUrl=STRING,
        title=STRING,
        description=STRING,
        footer=STRING,
        buttons={"type": "array", "items": _BUTTON},
    ),
    "sendTemplate": {
        "type": "object",
        "properties": {"number": NUMBER, "name": STRING, "language": STRING, "components": {"type": "array"}},
        "required": ["name", "language"],
    },
    "sendStatus": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["text", "image", "audio", "video"]},
            "content": STRING,
            "caption": STRING,
            "backgroundColor": STRING,
            "font": {"type": "integer", "minimum": 0, "maximum": 5},
            "statusJidList": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {
                    "type": "string",
                    "pattern": r"^\d+",
                    "description": '"statusJidList" must be an array of numeric strings',
                },
            },
            "allContacts": _FROM_ME,
        },
        "required": ["type"],
    },
}

EDIT: Schema = {
    "type": "object",
    "properties": {"number": NUMBER, "key": _KEY, "text": STRING},
}
DELETE: Schema = {
    "type": "object",
    "properties": {"id": STRING, "fromMe": _FROM_ME, "remoteJid": STRING, "participant": STRING},
    "required": ["id", "fromMe", "remoteJid"],
}
READ: Schema = {
    "type": "object",
    "properties": {
        "readMessages": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "properties": {"id": STRING, "fromMe": _FROM_ME, "remoteJid": STRING},
                "required": ["id", "fromMe", "remoteJid"],
            },
        }
    },
    "required": ["readMessages"],
}
PRESENCE: Schema = {
    "type": "object",
    "properties": {
        "number": STRING,
        "delay": {"type": "number"},
        "presence": {"type": "string", "enum": ["unavailable", "available", "composing", "recording", "paused"]},
    },
    "required": ["number", "presence", "delay"],
}
