"""The examples of conversions and short links, for the API's description."""

from collections.abc import Mapping
from typing import Any

CONVERSION_ID = "019aac5e-7a00-7000-8000-000000000010"
CAMPAIGN_ID = "019aac5e-7a00-7000-8000-000000000011"
TOKEN = "kT3vQ9xW2mB7cR5dF8hJ"  # noqa: S105 - the name of a link
PHONE = "+34600111222"
_LINK_ID = "019aac5e-7a00-7000-8000-000000000012"
_CONTACT_ID = "019aac5e-7a00-7000-8000-000000000002"
_ACTOR = "key:019aac5e-7a00-7000-8000-000000000003"

WISH = {
    "kind": "sale",
    "contact": PHONE,
    "value": "1250.50",
    "currency": "USD",
    "external_id": "crm-4711",
    "note": "the flat at the harbour, reserved",
}
REFUND = {"value": "250.50", "external_id": "crm-4711-refund"}
CORRECTION = {"value": "1200.50", "note": "a typing error"}
RATE = {"currency": "USD", "rate": "0.92", "valid_from": "2026-01-01"}
KIND = {"name": "viewing", "meaning": "somebody came to see a flat"}
LINK = {"url": "https://example.com/flats/7?utm_source=whatsapp", "contact": PHONE, "conversion_kind": "lead"}
SHEET = (
    "kind,contact,value,currency,occurred_at,external_id\r\n"
    "sale,+34600111222,1250.50,EUR,2026-01-31T10:00:00+01:00,crm-4712\r\n"
)

_CONVERSION = {
    "id": CONVERSION_ID,
    "kind": "sale",
    "contact_id": _CONTACT_ID,
    "phone": "34600111222",
    "value": "1000.00",
    "value_minor": 100_000,
    "currency": "USD",
    "refunded_minor": 25_050,
    "void": False,
    "external_id": "crm-4711",
    "message_id": None,
    "campaign_id": None,
    "source": "api",
    "note": None,
    "occurred_at": "2026-01-31T09:00:00Z",
    "recorded_at": "2026-01-31T09:00:00.104000Z",
    "recorded_by": _ACTOR,
    "events": [],
    "touches": [],
}
_EVENT = {
    "id": CONVERSION_ID,
    "event": "recorded",
    "value": "1250.50",
    "value_minor": 125_050,
    "external_id": "crm-4711",
    "note": None,
    "occurred_at": "2026-01-31T09:00:00Z",
    "recorded_at": "2026-01-31T09:00:00.104000Z",
    "recorded_by": _ACTOR,
}
_TOUCH = {
    "kind": "click",
    "at": "2026-01-30T17:20:11Z",
    "instance": "sales",
    "message_id": "019aac5e-7a00-7000-8000-000000000001",
    "click_id": "019aac5e-7a00-7000-8000-000000000013",
    "link_id": _LINK_ID,
    "heard_id": None,
    "referral": None,
    "campaign_id": CAMPAIGN_ID,
    "template": None,
    "tags": ["new-flats"],
    "first": True,
    "last": True,
}
_SHOWN = {
    **_CONVERSION,
    "events": [
        _EVENT,
        {
            **_EVENT,
            "id": "019aac5e-7a00-7000-8000-000000000014",
            "event": "refunded",
            "value": "-250.50",
            "value_minor": -25_050,
            "external_id": "crm-4711-refund",
        },
    ],
    "touches": [_TOUCH],
}
_LINK = {
    "short_url": f"https://wa.example.com/l/{TOKEN}",
    "link": {
        "id": _LINK_ID,
        "token": TOKEN,
        "url": "https://example.com/flats/7?utm_source=whatsapp",
        "message_id": None,
        "contact_id": _CONTACT_ID,
        "campaign_id": None,
        "conversion_kind": "lead",
        "created_at": "2026-01-30T17:00:00Z",
        "created_by": _ACTOR,
        "expires_at": None,
        "clicks": 1,
        "scanners": 1,
        "latest": [
            {
                "id": "019aac5e-7a00-7000-8000-000000000013",
                "at": "2026-01-30T17:20:11Z",
                "agent": "mobile",
                "scanner": None,
            },
            {
                "id": "019aac5e-7a00-7000-8000-000000000015",
                "at": "2026-01-30T17:00:02Z",
                "agent": "other",
                "scanner": "WhatsApp's preview",
            },
        ],
    },
}

ANSWERS: Mapping[str, Any] = {
    "Conversion": _SHOWN,
    "ConversionPage": {"conversions": [_CONVERSION], "next": None},
    "Figures": {
        "from": "2026-01-31T00:00:00+01:00",
        "to": "2026-02-01T00:00:00+01:00",
        "currency": "EUR",
        "revenue": "920.00",
        "revenue_minor": 92_000,
        "kinds": [
            {
                "kind": "sale",
                "revenue": True,
                "count": 2,
                "refunds": 1,
                "value_minor": 92_000,
                "values": [
                    {
                        "currency": "GBP",
                        "value": "500.00",
                        "value_minor": 50_000,
                        "converted_minor": 0,
                        "unconverted_minor": 50_000,
                    },
                    {
                        "currency": "USD",
                        "value": "1000.00",
                        "value_minor": 100_000,
                        "converted_minor": 92_000,
                        "unconverted_minor": 0,
                    },
                ],
            }
        ],
        "missing_rates": [
            {"currency": "GBP", "rows": 1, "value": "500.00", "value_minor": 50_000, "since": "2026-01-31"}
        ],
    },
    "Imported": {
        "id": "019aac5e-7a00-7000-8000-000000000016",
        "recorded": 40,
        "replayed": 2,
        "refused": 1,
        "errors": [
            {"line": 7, "code": "unknown_currency", "detail": "'EURO' is no currency of ISO 4217, such as EUR."}
        ],
    },
    "RateList": {
        "rates": [
            {
                "currency": "USD",
                "target": "EUR",
                "valid_from": "2026-01-01",
                "rate": "0.92",
                "set_at": "2026-01-02T08:00:00Z",
                "set_by": _ACTOR,
            }
        ]
    },
    "KindList": {
        "kinds": [
            {
                "name": "sale",
                "meaning": "something was sold",
                "revenue": True,
                "created_at": "2026-01-01T00:00:00Z",
            }
        ]
    },
    "LinkView": _LINK,
    "LinkPage": {"links": [_LINK], "next": None},
}
