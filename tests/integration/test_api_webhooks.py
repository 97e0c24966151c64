"""The provider's door: proven, bounded, counted."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from api_harness import Answered, House, Kept, OneProvider, house

from anclora.instances import register, rotate
from anclora.kit.errors import UnavailableError
from anclora.kit.metrics import REGISTRY
from anclora.providers.contract import RemoteInstance
from anclora.storage.database import Database

PATH = "/webhooks/evolution/sales"
EVENT = b'{"event": "messages.update", "instance": "sales", "data": {}}'


@dataclass
class Gate:
    """The doors, what came through, and the secret that opens them."""

    doors: House
    kept: Kept
    secret: str

    async def post(self, body: bytes = EVENT, *, path: str = PATH, secret: str | None = "") -> Answered:
        """Post a webhook; `secret=None` sends none."""
        headers = {} if secret is None else {"X_Anclora_Secret": secret or self.secret}
        return await self.doors.ask("POST", path, data=body, key=None, **headers)


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("anclora_webhooks_total", {"result": result}) or 0.0


@pytest.fixture
async def gate(db: Database, redis: Any) -> AsyncGenerator[Gate, None]:
    kept = Kept()
    async with house(db, redis, inbound=kept, webhook_limit_bytes=2_000) as doors:
        await doors.deps.book.refresh()
        yield Gate(doors, kept, doors.deps.book.get("sales").secret)


async def test_an_event_is_taken_as_it_came(gate: Gate) -> None:
    before = counted("ok")
    taken = await gate.post()
    assert (taken.status, taken.json) == (200, {"status": "stored"})
    assert gate.kept.taken == [("sales", "evolution", EVENT)]
    assert counted("ok") == before + 1


@pytest.mark.parametrize("secret", [None, "wrong", "x" * 5_000])
async def test_a_wrong_secret_is_refused_and_counted(gate: Gate, secret: str | None) -> None:
    before = counted("bad_signature")
    refused = await gate.post(secret=secret)
    assert (refused.status, refused.json["code"]) == (401, "wrong_secret")
    assert (gate.kept.taken, counted("bad_signature")) == ([], before + 1)


@pytest.mark.parametrize("name", ["shop", "%00", "%F0%9F%98%80", "a" * 3_000])
async def test_an_unknown_instance_is_refused_and_counted(gate: Gate, name: str) -> None:
    before = counted("unknown_instance")
    refused = await gate.post(path=f"/webhooks/evolution/{name}")
    assert (refused.status, refused.json["code"]) == (404, "unknown_webhook")
    assert (gate.kept.taken, counted("unknown_instance")) == ([], before + 1)


async def test_a_secret_younger_than_our_view_is_accepted_at_once(gate: Gate) -> None:
    rotated = await rotate(gate.doors.deps.db, "sales", actor="test")
    assert (await gate.post(secret=rotated.secret)).status == 200
    assert (await gate.post(secret=gate.secret)).status == 200  # the old one, within its day


async def test_an_instance_younger_than_our_view_is_accepted_at_once(gate: Gate) -> None:
    provider = OneProvider(RemoteInstance(name="a b/c", state="open"))
    found = await register(gate.doors.deps.db, "evolution", provider)
    secret = next(each.secret for each in found if each.name == "a b/c")
    assert (await gate.post(path="/webhooks/evolution/a%20b%2Fc", secret=secret)).status == 200


async def test_a_body_over_the_limit_is_413(gate: Gate) -> None:
    refused = await gate.post(b" " * 2_001)
    assert (refused.status, refused.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1_999])
async def test_what_is_no_json_is_400(gate: Gate, body: bytes) -> None:
    before = counted("malformed")
    refused = await gate.post(body)
    assert (refused.status, refused.json["code"]) == (400, "malformed_webhook")
    assert (gate.kept.taken, counted("malformed")) == ([], before + 1)


async def test_overload_is_503_so_that_the_sender_repeats(gate: Gate) -> None:
    gate.kept.failure = UnavailableError("full", code="overloaded", retry_after_seconds=3)
    refused = await gate.post()
    assert (refused.status, refused.headers["Retry-After"]) == (503, "3")


async def test_with_the_database_away_a_wrong_secret_is_503_and_not_final(gate: Gate) -> None:
    await gate.doors.deps.db.close()
    refused = await gate.post(secret="perhaps-new")
    assert refused.status == 503
    assert (await gate.post()).status == 200  # a secret we know needs no question


async def test_other_methods_are_not_served(gate: Gate) -> None:
    assert (await gate.doors.ask("GET", PATH)).status == 405
