"""The doors of a number's life: what they do, what they write down, and what they refuse."""

import base64
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import HandNumbers, House, OneProvider, house

from anclora.audit import recent
from anclora.instances.book import InstanceBook
from anclora.instances.webhook_keeper import WebhookKeeper
from anclora.kit.errors import UnauthorizedError, UnavailableError
from anclora.providers.contract import RemoteInstance
from anclora.providers.contract.numbers import NumberWebhook
from anclora.storage.database import Database

PLACE = "/api/v1/instances/sales"


@pytest.fixture
def provider() -> OneProvider:
    return OneProvider()


@pytest.fixture
async def doors(db: Database, redis: Any, provider: OneProvider) -> AsyncGenerator[House, None]:
    async with house(db, redis, provider=provider) as running:
        yield running


async def audited(doors: House) -> list[str]:
    return [entry.action for entry in reversed(await recent(doors.deps.db))]


async def test_a_number_is_made_once_and_its_name_is_free_again_when_that_fails(
    doors: House, provider: OneProvider
) -> None:
    made = await doors.ask("POST", "/api/v1/instances", json={"name": "shop"})
    assert (made.status, made.json) == (200, {"instance": "shop"})
    again = await doors.ask("POST", "/api/v1/instances", json={"name": "shop"})
    assert (again.status, again.json["code"]) == (409, "name_known")

    async def fail(*_args: Any, **_named: Any) -> None:
        raise UnavailableError("The server is away.")

    provider.numbers.create = fail  # pyright: ignore[reportAttributeAccessIssue]
    assert (await doors.ask("POST", "/api/v1/instances", json={"name": "late"})).status == 503
    provider.numbers.create = HandNumbers.create.__get__(provider.numbers)
    assert (await doors.ask("POST", "/api/v1/instances", json={"name": "late"})).status == 200
    assert await audited(doors) == ["instance.create", "instance.create"]


@pytest.mark.parametrize("name", ["", " a", "a ", "a\tb", "x" * 101])
async def test_a_name_that_would_be_lost_is_refused(doors: House, name: str) -> None:
    refused = await doors.ask("POST", "/api/v1/instances", json={"name": name})
    assert (refused.status, refused.json["code"]) == (422, "invalid_name")


async def test_a_pairing_shows_its_codes_and_is_left_in_peace(doors: House, provider: OneProvider) -> None:
    provider.numbers.words["sales"] = "connecting"
    begun = await doors.ask("POST", f"{PLACE}/pair", json={"phone": "34911222333"})
    assert (begun.json["code"], begun.json["qr"]) == ("ABCD1234", "2@code")
    assert base64.b64decode(begun.json["png"]).startswith(b"\x89PNG")
    picture = await doors.ask("GET", f"{PLACE}/qr", accept="image/png")
    assert (picture.headers["content-type"], picture.body[:4]) == ("image/png", b"\x89PNG")
    busy = await doors.deps.db.fetch_one("select what, instance from maintenance")
    assert busy == {"what": "pairing", "instance": "sales"}
    provider.numbers.words["sales"] = "open"
    provider.numbers.asked.clear()
    done = await doors.ask("GET", f"{PLACE}/qr")
    assert (done.json["state"], done.json["qr"], provider.numbers.asked) == ("open", None, [])
    assert await audited(doors) == ["instance.pair"]


@pytest.mark.parametrize(
    ("state", "asked", "did"),
    [
        ("open", "restart sales", "restart"),
        ("connecting", "restart sales", "restart"),
        ("close", "connect sales", "connect"),
        ("unknown", "connect sales", "connect"),
    ],
)
async def test_restart_does_what_the_state_needs(
    doors: House, provider: OneProvider, state: Any, asked: str, did: str
) -> None:
    provider.numbers.words["sales"] = state
    await doors.deps.db.execute("update instances set mend_stopped_at = now(), mend_note = 'x', stalled_since = now()")
    done = await doors.ask("POST", f"{PLACE}/restart")
    assert (done.json["state"], done.json["did"], provider.numbers.asked) == (state, did, [asked])
    row = await doors.deps.db.fetch_one("select mend_stopped_at, mend_note, stalled_since from instances")
    assert row == {"mend_stopped_at": None, "mend_note": None, "stalled_since": None}
    assert await audited(doors) == ["instance.restart"]


async def test_settings_and_proxy_are_changed_and_secrets_stay_secret(doors: House) -> None:
    changed = await doors.ask("PUT", f"{PLACE}/settings", json={"reject_calls": True})
    assert (changed.json["reject_calls"], changed.json["ignore_groups"]) == (True, False)
    proxy = {"host": "p.example", "port": 1, "password": "hush"}
    assert (await doors.ask("PUT", f"{PLACE}/proxy", json={"proxy": proxy})).status == 200
    assert (await doors.ask("PUT", f"{PLACE}/proxy", json={"proxy": None})).json == {"proxy": None}
    assert "hush" not in str(await recent(doors.deps.db))
    assert (await doors.ask("PUT", f"{PLACE}/proxy", json={"proxy": {"host": "x"}})).status == 422


async def test_a_webhook_that_drifted_is_named_and_repaired_by_hand_or_by_itself(
    doors: House, provider: OneProvider
) -> None:
    assert (await doors.ask("POST", f"{PLACE}/webhook")).json["code"] == "no_webhook_url"
    url = "https://wa.example.com/webhooks/evolution/sales"
    await doors.deps.db.execute("update instances set webhook_url = %(url)s", url=url)
    provider.numbers.webhook = NumberWebhook(url="https://evil.example", secret="other", drift=("CALL is sent too",))
    doors.deps.clock.pass_seconds(10)  # pyright: ignore[reportAttributeAccessIssue]
    seen = (await doors.ask("GET", f"{PLACE}/webhook")).json
    assert seen["drift"] == ["its secret is another one", "its events go elsewhere", "CALL is sent too"]
    assert (await doors.ask("POST", f"{PLACE}/webhook")).json == {"wanted": url, "url": url, "drift": []}
    provider.numbers.webhook = None
    book = InstanceBook(doors.deps.db, doors.deps.clock)
    await WebhookKeeper(doors.deps.db, doors.deps.providers, book, doors.deps.clock).run_once()
    found = provider.numbers.webhook
    assert found is not None
    assert (found.url, found.secret) == (url, book.get("sales").secret)
    assert await audited(doors) == ["instance.webhook_repaired"] * 2
    entry = (await recent(doors.deps.db))[0]
    assert (entry.actor, entry.detail) == ("webhook_keeper", {"drift": ["there is none"]})


async def test_a_number_with_messages_is_not_given_up(doors: House, provider: OneProvider) -> None:
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": "+34600111222", "text": "hola"})
    refused = await doors.ask("DELETE", PLACE)
    assert (refused.status, refused.json["code"], provider.numbers.asked) == (409, "has_messages", [])
    await doors.ask("DELETE", f"/api/v1/messages/{sent.json['id']}")
    assert (await doors.ask("DELETE", PLACE)).status == 200
    assert provider.numbers.asked == ["delete sales"]
    doors.deps.clock.pass_seconds(10)  # pyright: ignore[reportAttributeAccessIssue]
    assert (await doors.ask("GET", "/api/whatsapp/instances")).json == {"instances": []}
    assert (await doors.ask("GET", f"{PLACE}/health")).json["code"] == "unknown_instance"


async def test_a_number_that_is_no_phone_says_so(doors: House, provider: OneProvider) -> None:
    provider.numbers = None  # pyright: ignore[reportAttributeAccessIssue]
    for method, path in (("POST", "restart"), ("POST", "logout"), ("GET", "qr"), ("GET", "settings")):
        refused = await doors.ask(method, f"{PLACE}/{path}")
        assert (refused.status, refused.json["code"]) == (409, "not_paired"), path
    assert (await doors.ask("DELETE", PLACE)).status == 200


async def test_a_key_the_provider_refuses_is_not_the_callers(doors: House, provider: OneProvider) -> None:
    async def refuse(_name: str) -> Any:
        raise UnauthorizedError("Evolution API does not accept EVOLUTION_API_KEY.", code="provider_key_refused")

    provider.numbers.get_settings = refuse  # pyright: ignore[reportAttributeAccessIssue]
    assert (await doors.ask("GET", f"{PLACE}/settings")).status == 503


async def test_health_tells_what_happened_and_what_was_done(doors: House) -> None:
    await doors.deps.db.execute(
        "update instances set stalled_since = now(), stalled_reason = 'why', mend_note = 'look'"
    )
    doors.deps.clock.pass_seconds(10)  # pyright: ignore[reportAttributeAccessIssue]
    told = (await doors.ask("GET", f"{PLACE}/health")).json
    assert (told["status"], told["reason"]) == ("stalled", "why. look")
    assert [(turn["was"], turn["status"], turn["reason"]) for turn in told["history"]] == [
        ("connected", "stalled", "why")
    ]
    listed = (await doors.ask("GET", "/api/whatsapp/instances")).json["instances"]
    assert listed[0]["reason"] == "why. look"
    bare = (await doors.ask("GET", "/api/whatsapp/instances", key=None)).json["instances"]
    assert bare == [{"name": "sales", "status": "stalled"}]


async def test_what_is_missing_is_named(db: Database, redis: Any) -> None:
    provider = OneProvider(RemoteInstance(name="sales", state="open"), RemoteInstance(name="gone", state="open"))
    async with house(db, redis, provider=provider) as doors:
        await doors.deps.db.execute("update instances set state = 'missing' where name = 'gone'")
        doors.deps.clock.pass_seconds(10)  # pyright: ignore[reportAttributeAccessIssue]
        found = (await doors.ask("GET", "/api/whatsapp/instances")).json["instances"]
        assert [(each["name"], each["status"]) for each in found] == [("gone", "missing"), ("sales", "connected")]
