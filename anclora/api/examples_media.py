"""The examples of files, of every type of message, and of acts on messages and numbers; `examples` collects them."""

from collections.abc import Mapping
from typing import Any

MESSAGE_ID = "019aac5e-7a00-7000-8000-000000000001"
FILE_HASH = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
_PHONE = "+34600111222"
_FILE = {
    "hash": FILE_HASH,
    "bytes": 48_213,
    "mimetype": "image/jpeg",
    "filename": "salon.jpg",
    "kept_until": "2026-03-02T09:00:00.104000Z",
}

# One of each type beside text and document, as `POST /api/v1/messages` takes them.
DRAFTS: tuple[Mapping[str, Any], ...] = (
    {"to": _PHONE, "text": "Sí, sigue libre.", "reply_to": "3A5B00C5A277F7F9B6C5", "preview": False},
    {
        "to": _PHONE,
        "type": "location",
        "location": {"latitude": 40.41678, "longitude": -3.70379, "name": "Puerta del Sol", "address": "Madrid"},
    },
    {"to": _PHONE, "type": "contacts", "contacts": [{"name": "Ana Gil", "phone": "+34600111333"}]},
    {"to": _PHONE, "type": "reaction", "reaction": {"target": "3A5B00C5A277F7F9B6C5", "emoji": "👍"}},
    {"to": _PHONE, "type": "poll", "poll": {"question": "¿Qué día?", "options": ["lunes", "martes"], "selectable": 1}},
    {
        "to": _PHONE,
        "type": "buttons",
        "buttons": {
            "text": "¿Le va bien a las 10?",
            "buttons": [{"id": "yes", "title": "Sí"}, {"id": "no", "title": "No"}],
        },
    },
    {
        "to": _PHONE,
        "type": "list",
        "list": {
            "text": "¿Qué busca?",
            "button": "Ver",
            "sections": [{"rows": [{"id": "flat", "title": "Piso"}, {"id": "house", "title": "Casa"}]}],
        },
    },
    {
        "to": "status",
        "type": "status",
        "status": {"text": "Hoy abrimos hasta las 20.", "audience": ["+34600111333"]},
    },
)
EDIT = {"text": "Hola, mañana a las 11."}
TYPING = {"to": _PHONE, "seconds": 0.5}
READ = {"from": _PHONE, "ids": ["3A5B00C5A277F7F9B6C5"]}
NUMBERS = {"numbers": [_PHONE]}

ANSWERS: Mapping[str, Any] = {
    "Uploaded": {**_FILE, "type": "image"},
    "StoredFile": _FILE,
    "Act": {"id": MESSAGE_ID, "outcome": "done", "code": None, "text": None},
    "Shown": {"instance": "sales", "done": True},
    "NumberChecks": {
        "numbers": [
            {
                "number": "34600111222",
                "whatsapp": True,
                "resolved": "34600111222",
                "checked_at": "2026-01-31T09:00:00.104000Z",
                "source": "provider",
            }
        ],
        "left_today": 199,
    },
}
