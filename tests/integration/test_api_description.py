"""The description is true: it is sound, its examples fit it and are accepted, and the answers are what it says."""

import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from api_harness import Answered, House, house
from schema_check import Schemas

from anclora.api.examples_incidents import ACTION, SILENCE
from anclora.api.examples_oncall import HOLIDAY, OVERRIDE
from anclora.conversations import ConversationFollower
from anclora.incidents import Signal, raise_signal
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify.slack import signature_of as slack_signature
from anclora.notify.twilio import signature_of as twilio_signature
from anclora.providers.cloud import signature_of
from anclora.storage.database import Database

APP_SECRET = "app-secret"
SLACK_SECRET, TWILIO_TOKEN = "slack-secret", "twilio-token"
_PROBLEM = "application/problem+json"
# Whose name a path asks for, where it is not that of a number.
NAMES = {"oncall": "zoe", "alerts": "AncloraNoWorkers", "runbooks": "AncloraNoWorkers"}


@pytest.fixture
async def doors(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[House, None]:
    settings: dict[str, Any] = {"cloud_app_secret": APP_SECRET, "cloud_verify_token": "any-text-of-yours"}
    settings |= {"slack_webhook_url": "http://127.0.0.1:1/services/x"}  # told nothing: no messenger runs
    settings |= {"slack_signing_secret": SLACK_SECRET, "public_url": "https://wa.example.com"}
    settings |= {"twilio_account_sid": "AC1", "twilio_auth_token": TWILIO_TOKEN}
    settings |= {"twilio_from": "+34911222333", "twilio_to": "+34600111222"}
    settings |= {"smtp_host": "127.0.0.1", "smtp_from": "a@example.com", "smtp_to": "b@example.com"}
    async with house(db, redis, media_dir=tmp_path, **settings) as running:
        yield running


async def described(doors: House) -> dict[str, Any]:
    return (await doors.ask("GET", "/openapi.json", key=None)).json


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def shown(path: str, operation: dict[str, Any], **values: str) -> str:
    """The path with the examples of its parameters, or the values given, in it, and of the query what must be there."""
    for each in operation.get("parameters", []):
        if each["in"] == "path":
            example = each.get("example") or each["schema"]["examples"][0]
            path = path.replace(f"{{{each['name']}}}", values.get(each["name"], str(example)))
    parameters = operation.get("parameters", [])
    wanted = {each["name"]: each["schema"]["examples"][0] for each in parameters if _is_asked(each)}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def _is_asked(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "query" and parameter["required"]


def check(description: dict[str, Any], operation: dict[str, Any], answer: Answered) -> None:
    """The status is described, and so is every member of the body."""
    said = operation["responses"].get(str(answer.status))
    assert said is not None, f"{answer.status} is not described: {answer.body[:300]!r}"
    kind = answer.headers["content-type"].partition(";")[0]
    value = answer.body.decode() if kind.startswith("text/") else answer.json
    assert list(Schemas(description).misfits(value, said["content"][kind]["schema"])) == []


async def secret_of(doors: House, instance: str) -> str:
    await doors.deps.book.refresh()
    return doors.deps.book.get(instance).secret


def proofs(doors: House, place: str, example: Any) -> dict[str, str]:
    """What proves a form to be Slack's, or Twilio's."""
    form, at = example["value"], f"{doors.deps.clock.now().timestamp():.0f}"
    if not isinstance(form, str):
        return {}
    return {
        "X_Slack_Request_Timestamp": at,
        "X_Slack_Signature": slack_signature(form.encode(), at, SLACK_SECRET),
        "X_Twilio_Signature": twilio_signature(f"https://wa.example.com{place}", parse_qsl(form), TWILIO_TOKEN),
    }


async def somebody_wrote(doors: House) -> str:
    """A person with a lid of its own, who said something; the id of that."""
    row = {"id": new_id(), "contact": new_id()}
    await doors.deps.db.execute("insert into contacts (id) values (%(contact)s)", **row)
    await doors.deps.db.execute(
        "insert into addresses (kind, value, contact_id, evidence, since)"
        " values ('lid', '99887766554433', %(contact)s, 'a message', now())",
        **row,
    )
    await doors.deps.db.execute(
        "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind, text, said)"
        " values ('sales', '3A00', %(id)s, %(contact)s, 'in', now(), '34600111222', 'text', 'hola',"
        """ '{"type": "text", "text": "hola"}')""",
        **row,
    )
    return str(row["id"])


async def talking(doors: House, heard_id: str) -> dict[str, str]:
    """The id of a conversation that this opened."""
    follower = ConversationFollower(doors.deps.db, doors.deps.settings, doors.deps.clock)
    await doors.deps.db.execute("insert into heard_unread (heard_ids) values (array[%(id)s::uuid])", id=heard_id)
    await follower.run_once()
    [one] = (await doors.ask("GET", "/api/v1/conversations")).json["conversations"]
    return {"conversation_id": str(one["id"])}


async def subscribed(doors: House) -> dict[str, str]:
    """The ids of a subscription, and of an event on its way to it."""
    made = await doors.ask("POST", "/api/v1/hooks", json={"url": "https://crm.example.com/", "types": ["*"]})
    hook_id = str(made.json["hook"]["id"])
    sent = await doors.ask("POST", f"/api/v1/hooks/{hook_id}/test")
    return {"hook_id": hook_id, "event_id": str(sent.json["event_id"])}


async def sold(doors: House) -> dict[str, str]:
    """The id of a sale, and the token of a link."""
    wish = {"kind": "sale", "contact": "+34600111222", "value": "2000.00", "currency": "USD"}
    sale = await doors.ask("POST", "/api/v1/conversions", json=wish)
    link = await doors.ask("POST", "/api/v1/links", json={"url": "https://example.com/"})
    return {"conversion_id": str(sale.json["id"]), "token": str(link.json["link"]["token"])}


async def on_call(doors: House) -> dict[str, str]:
    """Ids of an incident and what belongs to it; people with turns and one without, an override, days off, a shift."""
    for name in ("ana", "ben", "zoe"):
        await doors.ask("PUT", f"/api/v1/oncall/people/{name}", json={"ways": {"email": [f"{name}@example.com"]}})
    turns = {"people": ["ana", "ben"], "starts_on": "2026-01-05"}
    assert (await doors.ask("PUT", "/api/v1/oncall/rotations/primary", json=turns)).status == 200
    await doors.deps.db.execute(
        "insert into oncall_handoffs (id, at, from_person, to_person, created_at)"
        " values (%(id)s, now() + interval '1 hour', 'ana', 'ben', now())",
        id=new_id(),
    )
    now = doors.deps.clock.now()
    words: dict[str, Any] = {
        "fingerprint": "f",
        "name": "AncloraLaneNotDraining",
        "summary": "it stands",
        "source": "test",
    }
    signal = Signal(**words, severity=Severity.CRITICAL, starts_at=now)
    incident = await raise_signal(doors.deps.db, signal, clock=doors.deps.clock)
    assert incident is not None
    asked = {
        "action_id": (f"/api/v1/incidents/{incident.id}/actions", ACTION),
        "silence_id": ("/api/v1/silences", SILENCE),
        "override_id": ("/api/v1/oncall/overrides", OVERRIDE),
        "holiday_id": ("/api/v1/oncall/holidays", HOLIDAY),
    }
    made = {name: await doors.ask("POST", path, json=body) for name, (path, body) in asked.items()}
    assert [each.status for each in made.values()] == [200] * 4, [each.body for each in made.values()]
    return {"incident_id": str(incident.id)} | {name: str(each.json["id"]) for name, each in made.items()}


async def test_the_description_is_sound(doors: House) -> None:
    description = await described(doors)
    assert description["openapi"].startswith("3.1.")
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    for _, path, operation in operations(description):
        parameters = operation.get("parameters", [])
        assert len({(each["name"], each["in"]) for each in parameters}) == len(parameters)
        assert {each["name"] for each in parameters if each["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
        assert operation["description"]
        assert min(operation["responses"]) < "300"


async def test_every_example_fits_its_schema(doors: House) -> None:
    description = await described(doors)
    schemas, seen = Schemas(description), 0
    for method, path, operation in operations(description):
        for status, response in operation["responses"].items():
            for content in response["content"].values():
                assert list(schemas.misfits(content["example"], content["schema"])) == [], (method, path, status)
                seen += 1
        for content in operation.get("requestBody", {"content": {}})["content"].values():
            for example in content["examples"].values():
                assert list(schemas.misfits(example["value"], content["schema"])) == [], (method, path)
                seen += 1
    assert seen > 80


async def test_every_problem_of_the_description_is_a_problem_document_of_its_status(doors: House) -> None:
    for _, _, operation in operations(await described(doors)):
        for status, response in operation["responses"].items():
            problem = response["content"].get(_PROBLEM)
            if problem:
                assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert problem["example"]["status"] == int(status)


async def test_every_example_of_a_body_is_accepted(doors: House) -> None:
    description, accepted = await described(doors), 0
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": "+34600111222", "text": "hola"})
    values = {"message_id": str(sent.json["id"]), **await subscribed(doors), **await sold(doors)}
    values |= await on_call(doors)
    out = await doors.ask("POST", "/api/v1/messages", json={"to": "+34600111222", "text": "ya fuera"})
    await doors.deps.db.execute(
        "update messages set state = 'sent', sent_at = now(), provider_id = 'P1' where id = %(id)s", id=out.json["id"]
    )
    values |= await talking(doors, await somebody_wrote(doors))
    # A second number last: with two of them every message must name its own.
    for method, path, operation in sorted(operations(description), key=lambda each: each[1] == "/api/v1/instances"):
        for kind, content in operation.get("requestBody", {"content": {}})["content"].items():
            for example in content["examples"].values():
                secret = await secret_of(doors, "sales") if path.startswith("/webhooks") else ""
                place = shown(
                    path, operation, **(values if "edit" not in path else {"message_id": str(out.json["id"])})
                )
                proof = signature_of(msgspec.json.encode(example["value"]), APP_SECRET)
                headers = {"X_Anclora_Secret": secret, "X_Hub_Signature_256": proof, **proofs(doors, place, example)}
                body = {"json" if kind == "application/json" else "data": example["value"]}
                answer = await doors.ask(method, place, **body, **headers)
                assert answer.status in (200, 202), answer.body
                check(description, operation, answer)
                accepted += 1
    assert accepted == 77
    assert await doors.count() == 14


async def test_every_answer_is_what_the_description_says(doors: House) -> None:
    description = await described(doors)
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": "+34600111222", "text": "hola"})
    kept = await doors.ask("POST", "/api/v1/media?filename=a.txt", data=b"hola", Content_Type="text/plain")
    check(description, description["paths"]["/api/v1/media"]["post"], kept)
    values = {"message_id": str(sent.json["id"]), "phone": "+34600111222", "file_hash": kept.json["hash"]}
    heard_id = await somebody_wrote(doors)
    values |= {"heard_id": heard_id, **await subscribed(doors), **await talking(doors, heard_id), **await sold(doors)}
    values |= await on_call(doors)
    for method, path, operation in operations(description):
        if method in ("GET", "DELETE") and path != "/api/v1/inbound/{heard_id}/media":  # bytes: `test_api_inbound`
            name = next((name for part, name in NAMES.items() if f"/{part}/" in path), "sales")
            answer = await doors.ask(method, shown(path, operation, **values, name=name))
            assert answer.status == 200, answer.body
            check(description, operation, answer)


@pytest.mark.timeout(180)
async def test_every_refusal_is_what_the_description_says(db: Database, redis: Any) -> None:
    async with house(db, redis, body_limit_bytes=10_000) as doors:
        await refuse_everything(doors)


async def refuse_everything(doors: House) -> None:
    description = await described(doors)
    poor = await doors.make_key("messages:critical")
    codes: set[int] = set()
    for method, path, operation in operations(description):
        place, keyed = shown(path, operation), "security" in operation and path.startswith(("/api/v1", "/analytics"))
        answers = [await doors.ask(method, place, key="ak_wrong")]
        if keyed:
            answers += [await doors.ask(method, place, key=None), await doors.ask(method, place, key=poor)]
            assert [answer.status for answer in answers] == [401, 401, 403]
        if "404" in operation["responses"] and method != "POST":
            answers.append(await doors.ask(method, place))
        if "application/json" in operation.get("requestBody", {"content": {}})["content"] and keyed:
            answers += [await doors.ask(method, place, data=body) for body in (b"{", b"[]", b"x" * 20_000)]
            assert [answer.status for answer in answers[-3:]] == [400, 422, 413]
        for answer in answers:
            check(description, operation, answer)
            codes.add(answer.status)
    assert codes >= {400, 401, 403, 404, 413, 422}


def test_the_checker_notices_what_does_not_fit() -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "b": {"enum": ["x"]}},
    }
    misfits = Schemas({"components": {"schemas": {"A": schema}}}).misfits
    good: list[Any] = [{"a": 1}, {"a": None, "b": "x"}]
    bad: list[Any] = [[], {}, {"a": "1"}, {"a": True}, {"a": 1, "b": "y"}, {"a": 1, "c": 1}]
    assert [list(misfits(each, {"$ref": "#/A"})) for each in good] == [[], []]
    assert all(list(misfits(each, {"$ref": "#/A"})) for each in bad)
