"""Meta's door: the question whether it is ours, and webhooks that prove themselves byte for byte."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import Answered, House, Kept, house
from structlog.testing import capture_logs

from anclora.kit.errors import UnavailableError
from anclora.kit.metrics import REGISTRY
from anclora.providers.cloud import signature_of
from anclora.storage.database import Database

PATH = "/webhooks/meta"
SECRET, TOKEN = "app-secret", "verify-me"
EVENT = b'{"object": "whatsapp_business_account", "entry": []}'


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def doors(db: Database, redis: Any, kept: Kept) -> AsyncGenerator[House, None]:
    settings: dict[str, Any] = {"cloud_app_secret": SECRET, "cloud_verify_token": TOKEN, "webhook_limit_bytes": 2_000}
    async with house(db, redis, inbound=kept, **settings) as running:
        await running.deps.book.refresh()
        yield running


async def post(doors: House, body: bytes = EVENT, signature: str | None = "") -> Answered:
    """Post a webhook, signed unless a test says otherwise; None = without a signature."""
    headers = {} if signature is None else {"X_Hub_Signature_256": signature or signature_of(body, SECRET)}
    return await doors.ask("POST", PATH, data=body, key=None, **headers)


async def ask(doors: House, mode: str = "subscribe", token: str = TOKEN, challenge: str = "1158201444") -> Answered:
    query = f"hub.mode={mode}&hub.verify_token={token}&hub.challenge={challenge}"
    return await doors.ask("GET", f"{PATH}?{query}", key=None)


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("anclora_webhooks_total", {"result": result}) or 0.0


async def test_the_challenge_comes_back_as_it_was(doors: House) -> None:
    answered = await ask(doors)
    assert (answered.status, answered.body) == (200, b"1158201444")
    assert answered.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("mode", "token"), [("subscribe", "wrong"), ("subscribe", "ñ"), ("unsubscribe", TOKEN)])
async def test_another_token_gets_no_challenge(doors: House, mode: str, token: str) -> None:
    answered = await ask(doors, mode, token)
    assert (answered.status, answered.json["code"]) == (403, "wrong_verify_token")
    assert b"1158201444" not in answered.body


async def test_a_question_without_its_parts_is_told_which(doors: House) -> None:
    answered = await doors.ask("GET", PATH, key=None)
    assert answered.status == 422
    assert "hub" in str(answered.json)
    assert (await ask(doors, challenge="x" * 201)).status == 422


async def test_a_signed_webhook_is_taken_as_it_came(doors: House, kept: Kept) -> None:
    before = counted("ok")
    answered = await post(doors)
    assert (answered.status, answered.json) == (200, {"status": "stored"})
    assert (kept.taken, counted("ok")) == ([("", "cloud", EVENT)], before + 1)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "sha256=",
        "sha256=" + "0" * 64,
        signature_of(EVENT, "another secret"),
        signature_of(EVENT + b" ", SECRET),
        signature_of(EVENT, SECRET).removeprefix("sha256="),
    ],
)
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(
    doors: House, kept: Kept, signature: str | None
) -> None:
    before = counted("bad_signature")
    answered = await post(doors, signature=signature)
    assert (answered.status, answered.json["code"]) == (401, "wrong_signature")
    assert (kept.taken, counted("bad_signature")) == ([], before + 1)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"", 400), (b"\xff\xfe", 400), (b"x" * 2_001, 413)])
async def test_what_is_no_webhook_is_refused_though_it_is_signed(
    doors: House, kept: Kept, body: bytes, status: int
) -> None:
    assert (await post(doors, body)).status == status
    assert kept.taken == []


async def test_what_cannot_be_stored_now_is_asked_for_again(doors: House, kept: Kept) -> None:
    kept.failure = UnavailableError("The database does not answer.")
    answered = await post(doors)
    assert answered.status == 503
    assert "retry-after" in {name.lower() for name in answered.headers}


async def test_a_number_nobody_registered_is_named_once(doors: House, kept: Kept) -> None:
    kept.numbers = frozenset({"sales", "109"})
    with capture_logs() as logs:
        for _ in range(3):
            assert (await post(doors)).status == 200
    named = [each for each in logs if each["event"] == "webhook_of_unknown_number"]
    assert [each["phone_number_id"] for each in named] == ["109"]


async def test_without_settings_the_door_says_which(db: Database, redis: Any, kept: Kept) -> None:
    async with house(db, redis, inbound=kept) as closed:
        for answered in (await ask(closed), await post(closed)):
            assert (answered.status, answered.json["code"]) == (404, "cloud_not_configured")
            assert "ANCLORA_CLOUD_" in answered.json["detail"]
    assert kept.taken == []
