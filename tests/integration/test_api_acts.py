"""What can be done about messages that are out, and what a number can be asked: over HTTP, with the real ledger."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import PHONE, House, OneProvider, house

from anclora.instances import checks
from anclora.instances.checks import CheckSweep, check_numbers
from anclora.kit.errors import UnavailableError
from anclora.providers.contract import Fault, Refused, Scope, Unknown
from anclora.storage.database import Database


@pytest.fixture
def provider() -> OneProvider:
    return OneProvider()


@pytest.fixture
async def doors(db: Database, redis: Any, provider: OneProvider) -> AsyncGenerator[House, None]:
    async with house(db, redis, provider=provider, number_checks_per_day=12) as running:
        yield running


async def sent(doors: House, *, minutes_ago: int = 1, kind: str = "text") -> str:
    """A message that is out."""
    message_id = str((await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "a las diez"})).json["id"])
    await doors.deps.db.execute(
        "update messages set state = 'delivered', provider_id = 'P1', kind = %(kind)s, "
        "sent_at = now() - make_interval(mins => %(minutes)s) where id = %(id)s",
        id=message_id,
        minutes=minutes_ago,
        kind=kind,
    )
    return message_id


async def timeline(doors: House, message_id: str) -> list[tuple[str, str | None]]:
    entries = (await doors.ask("GET", f"/api/v1/messages/{message_id}/explain")).json["timeline"]
    return [(entry["what"], entry.get("detail")) for entry in entries]


async def test_an_edit_reaches_the_provider_once_and_stands_in_the_timeline(
    doors: House, provider: OneProvider
) -> None:
    message_id = await sent(doors)
    answer = await doors.ask("POST", f"/api/v1/messages/{message_id}/edit", json={"text": "a las once"})
    assert (answer.status, answer.json["outcome"]) == (200, "done")
    assert provider.acts == [("edit", "sales", "34600111222", "P1", "a las once")]
    assert ("edit", "a las once") in await timeline(doors, message_id)
    trail = await doors.deps.db.fetch_all("select action, subject, detail from audit where action like 'message.%%'")
    assert [(row["action"], row["subject"], row["detail"]) for row in trail] == [
        ("message.edit", message_id, {"chars": 10, "outcome": "done"})
    ]


async def test_a_deletion_is_kept_too_and_the_ledger_knows_what_was_said(doors: House, provider: OneProvider) -> None:
    message_id = await sent(doors, minutes_ago=100)
    assert (await doors.ask("POST", f"/api/v1/messages/{message_id}/delete")).json["outcome"] == "done"
    assert provider.acts == [("delete", "sales", "34600111222", "P1")]
    assert ("delete", "deleted for everybody") in await timeline(doors, message_id)
    assert (await doors.ask("GET", f"/api/v1/messages/{message_id}")).json["content"]["text"] == "a las diez"


async def test_without_an_answer_nobody_claims_anything(doors: House, provider: OneProvider) -> None:
    provider.act_outcome = Unknown(code="no_answer", text="timeout")
    message_id = await sent(doors)
    answer = await doors.ask("POST", f"/api/v1/messages/{message_id}/edit", json={"text": "a las once"})
    assert (answer.status, answer.json["outcome"], answer.json["code"]) == (200, "unknown", "no_answer")
    assert ("edit", "no answer: a las once") in await timeline(doors, message_id)


@pytest.mark.parametrize(
    ("scope", "status", "code"), [(Scope.MESSAGE, 409, "act_refused"), (Scope.LANE, 503, "connection_closed")]
)
async def test_a_refusal_is_told_and_leaves_no_trace(
    doors: House, provider: OneProvider, scope: Scope, status: int, code: str
) -> None:
    provider.act_outcome = Refused(scope=scope, code="connection_closed", text="no", fault=Fault.PROVIDER)
    message_id = await sent(doors)
    answer = await doors.ask("POST", f"/api/v1/messages/{message_id}/delete")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert "delete" not in dict(await timeline(doors, message_id))


async def test_what_cannot_be_edited(doors: House, provider: OneProvider) -> None:
    waiting = (await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "x"})).json["id"]
    old, place = await sent(doors, minutes_ago=16), await sent(doors, kind="location")
    nobody = "00000000-0000-7000-8000-000000000000"
    wanted = [(waiting, 409, "target_not_sent"), (old, 409, "too_late"), (place, 409, "not_supported")]
    for message_id, status, code in [*wanted, (nobody, 404, "message_not_found")]:
        answer = await doors.ask("POST", f"/api/v1/messages/{message_id}/edit", json={"text": "y"})
        assert (answer.status, answer.json["code"]) == (status, code)
    for text, code in ((" ", "empty_text"), ("x" * 101, "too_long"), ("a\0b", "invalid_text")):
        answer = await doors.ask("POST", f"/api/v1/messages/{await sent(doors)}/edit", json={"text": text})
        assert (answer.status, answer.json["code"]) == (422, code)
    assert provider.acts == []


async def test_small_signs_reach_the_provider(doors: House, provider: OneProvider) -> None:
    read = {"from": PHONE, "ids": ["A", "B", "A"]}
    assert (await doors.ask("POST", "/api/v1/instances/sales/read", json=read)).json == {
        "instance": "sales",
        "done": True,
    }
    assert (await doors.ask("POST", "/api/v1/instances/sales/typing", json={"to": PHONE, "seconds": 2})).status == 200
    assert provider.acts == [("read", "sales", "34600111222", "A", "B"), ("typing", "sales", "34600111222", "2.0")]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("sales/read", {"from": PHONE, "ids": []}, 422),
        ("sales/read", {"from": PHONE, "ids": ["é"]}, 422),
        ("sales/read", {"from": "12", "ids": ["A"]}, 422),
        ("sales/typing", {"to": PHONE, "seconds": 0}, 422),
        ("sales/typing", {"to": PHONE, "seconds": 21}, 422),
        ("sales/numbers", {"numbers": []}, 422),
        ("sales/numbers", {"numbers": [f"+346001112{n:02d}" for n in range(51)]}, 422),
        ("nobody/typing", {"to": PHONE}, 422),
    ],
)
async def test_bad_wishes_get_a_sentence(
    doors: House, provider: OneProvider, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await doors.ask("POST", f"/api/v1/instances/{path}", json=body)
    assert (answer.status, answer.json["detail"][-1]) == (status, ".")
    assert provider.acts == []


async def test_a_number_is_asked_about_once_a_week(doors: House, provider: OneProvider) -> None:
    provider.nobody = {"34600111333"}
    body = {"numbers": ["+34600111222", "600111333"]}
    first = (await doors.ask("POST", "/api/v1/instances/sales/numbers", json=body)).json
    assert [(each["whatsapp"], each["source"]) for each in first["numbers"]] == [
        (True, "provider"),
        (False, "provider"),
    ]
    again = (await doors.ask("POST", "/api/v1/instances/sales/numbers", json=body)).json
    assert [(each["whatsapp"], each["source"]) for each in again["numbers"]] == [(True, "cache"), (False, "cache")]
    assert provider.acts == [("check", "sales", "34600111222", "34600111333")]
    assert (first["left_today"], again["left_today"]) == (10, 10)
    await doors.deps.db.execute("update number_checks set checked_at = now() - interval '8 days'")
    await CheckSweep(doors.deps.db, doors.deps.settings).run_once()
    assert await doors.deps.db.fetch_all("select number from number_checks") == []


async def ask(doors: House, provider: OneProvider, count: int, start: int = 0) -> checks.NumberChecks:
    wanted = [f"346001{n:05d}" for n in range(start, start + count)]
    deps = doors.deps
    return await check_numbers(
        deps.db, provider, "sales", wanted, settings=deps.settings, clock=deps.clock, rest_seconds=0.0
    )


async def test_many_are_asked_in_small_groups_and_never_more_than_the_days_share(
    doors: House, provider: OneProvider
) -> None:
    found = await ask(doors, provider, 15)
    assert [len(act) - 2 for act in provider.acts] == [10, 2]
    assert [each.source for each in found.numbers] == ["provider"] * 12 + ["not_checked"] * 3
    assert found.left_today == 0
    assert {each.whatsapp for each in found.numbers[12:]} == {None}
    await doors.deps.db.execute("update number_check_paces set day = day - 1")
    assert (await ask(doors, provider, 3, start=12)).left_today == 9


async def test_whoever_would_wait_too_long_is_told(doors: House, provider: OneProvider) -> None:
    await ask(doors, provider, 1)
    await doors.deps.db.execute("update number_check_paces set next_at = now() + interval '60 seconds'")
    with pytest.raises(UnavailableError, match="later"):
        await ask(doors, provider, 1, start=5)
    assert len(provider.acts) == 1
