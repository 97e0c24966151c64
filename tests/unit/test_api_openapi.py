"""The API's description: complete, with examples, every reference resolved."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from anclora.api import Deps, create_app
from anclora.kit.clock import SystemClock
from anclora.kit.settings import load_settings


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    nothing = cast(Any, None)
    clock = SystemClock()
    deps = Deps(
        db=nothing,
        access=nothing,
        book=nothing,
        submit=nothing,
        inbound=nothing,
        queue=nothing,
        settings=load_settings(),
        files=nothing,
        clock=clock,
        version="0",
        started_at=clock.now(),
    )
    return create_app(deps).openapi()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        found = cast(dict[str, Any], node)
        if isinstance(found.get("$ref"), str):
            yield found["$ref"]
        for value in found.values():
            yield from references(value)
    if isinstance(node, list):
        for value in cast(list[Any], node):
            yield from references(value)


NUMBERS = [
    *(("get", part) for part in ("health", "qr", "settings", "proxy", "webhook")),
    *(("post", verb) for verb in ("pair", "restart", "logout", "webhook")),
    *(("put", part) for part in ("settings", "proxy")),
]


ROUTES = {
    ("get", "/api/v1/drills"),
    ("post", "/api/v1/drills"),
    *(("get", f"/api/v1/capacity{part}") for part in ("", "/forecast", "/advice", "/what-if")),
    ("get", "/health"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/queue/metrics"),
    ("get", "/metrics"),
    ("get", "/api/whatsapp/instances"),
    ("post", "/api/v1/instances"),
    ("delete", "/api/v1/instances/{name}"),
    *((method, f"/api/v1/instances/{{name}}/{part}") for method, part in NUMBERS),
    ("get", "/api/v1/dead-letters"),
    ("post", "/api/v1/dead-letters/requeue"),
    ("post", "/api/v1/dead-letters/discard"),
    ("patch", "/api/v1/messages/{message_id}"),
    ("get", "/api/v1/retries"),
    ("patch", "/api/v1/retries/{failure}"),
    ("get", "/api/v1/classes"),
    ("patch", "/api/v1/classes/{name}"),
    ("get", "/api/v1/queue/rebuild"),
    ("post", "/api/v1/queue/rebuild"),
    ("get", "/api/v1/queue/gates"),
    ("post", "/api/v1/queue/pause"),
    ("post", "/api/v1/queue/resume"),
    ("put", "/api/v1/queue/quiet-hours/{kind}"),
    ("get", "/api/v1/queue/drain"),
    ("get", "/api/v1/instances/{name}/pacing"),
    ("patch", "/api/v1/instances/{name}/pacing"),
    ("get", "/analytics/metrics/overview"),
    ("get", "/analytics/latency"),
    ("get", "/analytics/verify"),
    ("post", "/analytics/mend"),
    ("get", "/analytics/{question}"),
    ("post", "/api/v1/media"),
    ("get", "/api/v1/media/{file_hash}"),
    ("post", "/api/v1/messages/{message_id}/edit"),
    ("post", "/api/v1/messages/{message_id}/delete"),
    ("post", "/api/v1/instances/{name}/read"),
    ("post", "/api/v1/instances/{name}/typing"),
    ("post", "/api/v1/instances/{name}/numbers"),
    ("post", "/api/v1/messages"),
    ("get", "/api/v1/messages"),
    ("post", "/api/v1/messages/bulk"),
    ("get", "/api/v1/messages/{message_id}"),
    ("delete", "/api/v1/messages/{message_id}"),
    ("get", "/api/v1/messages/{message_id}/explain"),
    ("get", "/api/v1/contacts/{phone}"),
    ("put", "/api/v1/contacts/{phone}/opt-out"),
    ("delete", "/api/v1/contacts/{phone}/opt-out"),
    ("put", "/api/v1/contacts/{phone}/zone"),
    ("post", "/api/v1/contacts/merge"),
    ("post", "/api/v1/contacts/split"),
    ("get", "/api/v1/inbound"),
    ("get", "/api/v1/inbound/unprocessed"),
    ("get", "/api/v1/inbound/gaps"),
    ("get", "/api/v1/inbound/{heard_id}"),
    ("get", "/api/v1/inbound/{heard_id}/media"),
    ("post", "/api/v1/inbound/replay"),
    ("post", "/api/v1/inbound/retry"),
    ("post", "/webhooks/evolution/{instance}"),
    ("get", "/webhooks/meta"),
    ("get", "/api/v1/templates"),
    ("post", "/api/v1/templates/sync"),
    ("post", "/webhooks/meta"),
    ("get", "/api/v1/conversations"),
    ("get", "/api/v1/conversations/{conversation_id}"),
    *(
        ("post", f"/api/v1/conversations/{{conversation_id}}/{verb}")
        for verb in ("handoff", "claim", "release", "close")
    ),
    ("get", "/api/v1/reports/daily"),
    ("post", "/api/v1/reports/daily/post"),
    ("get", "/api/v1/reports/{every}"),
    ("post", "/api/v1/reports/{every}/post"),
    ("get", "/api/v1/notices"),
    ("get", "/api/v1/incidents"),
    ("get", "/api/v1/incidents/{incident_id}"),
    ("get", "/api/v1/incidents/{incident_id}/postmortem"),
    *(
        ("post", f"/api/v1/incidents/{{incident_id}}/{verb}")
        for verb in ("acknowledge", "escalate", "plan", "note", "silence", "resolve")
    ),
    ("post", "/api/v1/incidents/{incident_id}/actions"),
    ("get", "/api/v1/actions"),
    ("post", "/api/v1/actions/{action_id}/done"),
    ("get", "/api/v1/ops/runs"),
    ("get", "/api/v1/silences"),
    ("post", "/api/v1/silences"),
    ("delete", "/api/v1/silences/{silence_id}"),
    ("get", "/api/v1/changes"),
    *(("get", f"/api/v1/oncall{part}") for part in ("", "/lint", "/figures", "/handoff")),
    ("put", "/api/v1/oncall/handoff/notes"),
    ("post", "/api/v1/oncall/handoff/accept"),
    *((method, "/api/v1/oncall/people/{name}") for method in ("put", "delete")),
    ("put", "/api/v1/oncall/duties/{duty}"),
    ("put", "/api/v1/oncall/rotations/{layer}"),
    *(("post", f"/api/v1/oncall/{part}") for part in ("overrides", "swaps", "holidays")),
    ("delete", "/api/v1/oncall/overrides/{override_id}"),
    ("delete", "/api/v1/oncall/holidays/{holiday_id}"),
    ("get", "/api/v1/notices/channels"),
    ("post", "/api/v1/notices/test"),
    ("post", "/webhooks/slack/interactive"),
    ("post", "/webhooks/twilio/digit/{notice_id}"),
    ("get", "/api/v1/alerts"),
    ("get", "/api/v1/alerts/{name}"),
    ("post", "/api/v1/alerts/alertmanager"),
    ("get", "/runbooks/{name}"),
    ("get", "/api/v1/hooks"),
    ("post", "/api/v1/hooks"),
    ("get", "/api/v1/hooks/{hook_id}"),
    ("patch", "/api/v1/hooks/{hook_id}"),
    ("delete", "/api/v1/hooks/{hook_id}"),
    ("post", "/api/v1/hooks/{hook_id}/pause"),
    ("post", "/api/v1/hooks/{hook_id}/resume"),
    ("post", "/api/v1/hooks/{hook_id}/replay"),
    ("post", "/api/v1/hooks/{hook_id}/test"),
    ("get", "/api/v1/hooks/{hook_id}/secret"),
    ("post", "/api/v1/hooks/{hook_id}/secret"),
    ("get", "/api/v1/hooks/{hook_id}/deliveries"),
    ("get", "/api/v1/hooks/{hook_id}/deliveries/{event_id}"),
    *((method, "/api/v1/conversions") for method in ("get", "post")),
    ("get", "/api/v1/conversions/figures"),
    ("get", "/api/v1/conversions/export"),
    ("post", "/api/v1/conversions/import"),
    *((method, f"/api/v1/conversions/{part}") for part in ("rates", "kinds") for method in ("get", "post")),
    ("get", "/api/v1/conversions/{conversion_id}"),
    *(("post", f"/api/v1/conversions/{{conversion_id}}/{verb}") for verb in ("refund", "correct")),
    *((method, "/api/v1/links") for method in ("get", "post")),
    ("get", "/api/v1/links/{token}"),
}


def test_every_fixed_route_is_described(description: dict[str, Any]) -> None:
    assert {(method, path) for path, method, _ in operations(description)} == ROUTES


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    found = set(references(description))
    assert found
    assert {reference for reference in found if reference.rpartition("/")[2] not in schemas} == set()


def test_a_keyed_route_says_so_and_names_its_problems(description: dict[str, Any]) -> None:
    for path, _, operation in operations(description):
        if path.startswith(("/api/v1/", "/analytics")):
            assert operation["security"] == [{"ApiKey": []}]
            assert {"401", "403", "422", "503"} <= operation["responses"].keys()
    assert description["components"]["securitySchemes"]["ApiKey"]["name"] == "X-API-Key"
    assert "HTTPValidationError" not in str(description)


def test_what_takes_a_body_has_an_example(description: dict[str, Any]) -> None:
    # Said by their path alone, or no JSON at all.
    commands = (
        *("/api/v1/queue/rebuild", "/api/v1/messages/{message_id}/delete", "/api/v1/media", "/api/v1/templates/sync"),
        "/api/v1/conversions/import",
        "/analytics/mend",
        *("/webhooks/slack/interactive", "/webhooks/twilio/digit/{notice_id}"),  # forms
        *(f"/api/v1/instances/{{name}}/{verb}" for verb in ("restart", "logout", "webhook")),
        *(f"/api/v1/hooks/{{hook_id}}/{verb}" for verb in ("resume", "test", "secret")),
        "/api/v1/incidents/{incident_id}/escalate",
        "/api/v1/actions/{action_id}/done",
    )
    bodies = [
        operation
        for path, method, operation in operations(description)
        if method in ("post", "put") and path not in commands
    ]
    assert len(bodies) == 56
    for operation in bodies:
        assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_the_webhook_wants_its_secret_and_no_key(description: dict[str, Any]) -> None:
    webhook = description["paths"]["/webhooks/evolution/{instance}"]["post"]
    assert "security" not in webhook
    assert {parameter["name"] for parameter in webhook["parameters"]} == {"instance", "X-Anclora-Secret"}
