"""The examples of conversations, for the API's description."""

from collections.abc import Mapping
from typing import Any

CONVERSATION_ID = "019aac5e-7a00-7000-8000-000000000007"
HANDOFF = {"reason": "complaint", "note": "the keys were never handed over"}
CLAIM = {"agent": "Lucía"}
TAKE_OVER = {"agent": "Marcos", "instead_of": "Lucía"}
RELEASE = {"agent": "Marcos"}
CLOSE = {"why": "viewing booked"}

_CONVERSATION = {
    "id": CONVERSATION_ID,
    "instance": "sales",
    "contact_id": "019aac5e-7a00-7000-8000-000000000002",
    "phone": "34600111222",
    "name": "Ana",
    "state": "claimed",
    "opened_at": "2026-01-31T09:00:00Z",
    "last_in_at": "2026-01-31T09:04:00Z",
    "last_out_at": "2026-01-31T09:02:30.214000Z",
    "first_response_at": "2026-01-31T09:02:30.214000Z",
    "first_response_seconds": 150.214,
    "first_response_via": "api",
    "first_response_id": "019aac5e-7a00-7000-8000-000000000001",
    "first_response_agent": None,
    "closed_at": None,
    "closed_by": None,
    "closed_why": None,
    "handoff_at": "2026-01-31T09:04:05Z",
    "handoff_reason": "complaint",
    "handoff_note": "the keys were never handed over",
    "agent": "Lucía",
    "claimed_at": "2026-01-31T09:05:00Z",
}
_NOTHING = {"kind": None, "text": None, "agent": None, "reason": None, "note": None, "by": None}

ANSWERS: Mapping[str, Any] = {
    "Conversation": _CONVERSATION,
    "ConversationPage": {"conversations": [_CONVERSATION], "next": None},
    "Talk": {
        "conversation": _CONVERSATION,
        "timeline": [
            {**_NOTHING, "at": "2026-01-31T09:00:00Z", "what": "opened", "id": CONVERSATION_ID, "by": "anclora"},
            {
                **_NOTHING,
                "at": "2026-01-31T09:00:00Z",
                "what": "in",
                "id": "019aac5e-7a00-7000-8000-000000000008",
                "kind": "text",
                "text": "¿Sigue libre el piso?",
            },
            {
                **_NOTHING,
                "at": "2026-01-31T09:02:30.214000Z",
                "what": "sent",
                "id": "019aac5e-7a00-7000-8000-000000000001",
                "kind": "text",
                "text": "Hola, mañana a las 10.",
                "reason": "read",
            },
        ],
        "whole": True,
    },
}
