"""The life of a number, asked of a server that behaves as the recorded one, of its recordings, and of v1.8's shapes."""

import contextlib
import io
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_report import Recording, recordings

from anclora.kit.clock import SystemClock
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.wire import Answer
from anclora.providers.contract.numbers import NumberSettings, Proxy, numbers_of
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.evolution.errors import failure_of
from anclora.providers.evolution.numbers import EvolutionNumbers
from anclora.providers.guard import GuardedProvider
from anclora.providers.sandbox import Sandbox, Script, running_sandbox
from anclora.providers.sandbox.script import Number
from tests.waiting import eventually

HOOK = "https://wa.example.com/webhooks/evolution/new"


@contextlib.asynccontextmanager
async def server(folder: Path, *numbers: Number, **script: Any) -> AsyncGenerator[tuple[Sandbox, EvolutionNumbers]]:
    async with running_sandbox(Script(instances=numbers, **script), folder / "seen.jsonl", api_key="k") as sandbox:
        provider = EvolutionProvider(sandbox.url, "k", clock=SystemClock())
        try:
            yield sandbox, provider.numbers
        finally:
            await provider.close()


def reaches(numbers: EvolutionNumbers, name: str, state: str) -> Awaitable[None]:
    async def there() -> bool:
        return await numbers.state(name) == state

    return eventually(there)


async def test_a_number_is_made_paired_by_a_code_and_removed(tmp_path: Path) -> None:
    async with server(tmp_path) as (sandbox, numbers), aiohttp.ClientSession(sandbox.url) as person:
        await numbers.create("new", webhook_url=HOOK, secret="s")
        hook = await numbers.get_webhook("new")
        assert hook is not None
        assert (hook.url, hook.secret, tuple(hook.drift), await numbers.state("new")) == (HOOK, "s", (), "close")
        pairing = await numbers.connect("new")
        assert (pairing.state, pairing.count, pairing.code) == ("connecting", 1, None)
        assert pairing.qr
        assert pairing.qr.startswith("2@")
        assert pairing.png
        assert io.BytesIO(pairing.png).read(4) == b"\x89PNG"
        async with person.post("/sandbox/instances/new/scan", headers={"apikey": "k"}) as scanned:
            assert scanned.status == 200
        # An open number answers its old code on some ways; none is shown any more.
        assert (await numbers.connect("new")).qr is None
        assert await numbers.state("new") == "open"
        await numbers.logout("new")
        await numbers.logout("new")
        assert await numbers.state("new") == "close"
        await numbers.delete("new")
        await numbers.delete("new")
        with pytest.raises(NotFoundError):
            await numbers.state("new")


async def test_a_phone_number_gets_a_code_to_type(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new", state="close", paired=False)) as (_, numbers):
        pairing = await numbers.connect("new", phone="34600111222")
        assert pairing.code
        assert len(pairing.code) == 8
        with pytest.raises(InvalidError):
            await numbers.connect("new", phone="34600&instanceName=other")


async def test_codes_follow_each_other_until_the_server_gives_up(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new", state="close", paired=False), qr_seconds=0.02, qr_limit=3) as (
        _,
        numbers,
    ):
        first = await numbers.connect("new")
        await reaches(numbers, "new", "close")
        again = await numbers.connect("new")
        assert (first.count, again.count) == (1, 1)
        assert first.qr != again.qr


async def test_a_name_that_is_taken_is_said_so_and_nobody_loses_a_number(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new")) as (sandbox, numbers):
        with pytest.raises(ConflictError, match="twenty minutes") as taken:
            await numbers.create("new")
        assert (taken.value.code, list(sandbox.world.instances)) == ("name_taken", ["new"])


async def test_a_closed_number_is_not_restarted_whatever_the_status_says(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new", state="close"), Number(name="well")) as (_, numbers):
        with pytest.raises(ConflictError) as refused:
            await numbers.restart("new")
        assert refused.value.code == "restart_refused"
        await numbers.restart("well")
        await reaches(numbers, "well", "open")


async def test_settings_and_proxy_come_back_as_they_were_set(tmp_path: Path) -> None:
    wanted = NumberSettings(reject_calls=True, reject_text="write to us", ignore_groups=True)
    proxy = Proxy(host="proxy.example", port=3128, protocol="socks5", username="u", password="p")
    async with server(tmp_path, Number(name="new")) as (_, numbers):
        await numbers.set_settings("new", wanted)
        assert await numbers.get_settings("new") == wanted
        await numbers.set_proxy("new", proxy)
        found = await numbers.get_proxy("new")
        assert found is not None
        assert (found.host, found.port, found.password) == ("proxy.example", 3128, None)
        with pytest.raises(InvalidError, match="Invalid proxy"):
            await numbers.set_proxy("new", Proxy(host="nobody.invalid", port=1))
        await numbers.set_proxy("new", None)
        assert await numbers.get_proxy("new") is None
    assert "p)" not in repr(proxy)


async def test_what_drifts_in_a_webhook_is_named_and_set_right(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new")) as (sandbox, numbers):
        assert await numbers.get_webhook("new") is None
        row = {"enabled": True, "url": HOOK, "byEvents": True, "base64": True, "headers": {"jwt_key": "x"}}
        sandbox.world.set_webhook(sandbox.world.instances["new"], row, events=["SEND_MESSAGE", "CALL"])
        found = await numbers.get_webhook("new")
        assert found is not None
        assert found.secret is None
        assert {"MESSAGES_UPSERT is not sent", "CALL is sent too", "an address for each event"} <= set(found.drift)
        await numbers.set_webhook("new", url=HOOK, secret="s")
        mended = await numbers.get_webhook("new")
        assert mended is not None
        assert (mended.secret, tuple(mended.drift)) == ("s", ())


async def test_the_guard_lets_numbers_through_and_turns_surprises_into_our_errors(tmp_path: Path) -> None:
    async with server(tmp_path, Number(name="new")) as (_, numbers):
        guarded = GuardedProvider(_With(numbers), "evolution", SystemClock())  # pyright: ignore[reportArgumentType]
        assert guarded.numbers is not None
        assert await guarded.numbers.state("new") == "open"
        with pytest.raises(UnavailableError, match="TypeError"):
            await guarded.numbers.set_settings("new", None)  # pyright: ignore[reportArgumentType]
    assert GuardedProvider(_With(None), "cloud", SystemClock()).numbers is None  # pyright: ignore[reportArgumentType]


class _With:
    def __init__(self, numbers: EvolutionNumbers | None) -> None:
        self.numbers = numbers


def test_a_provider_that_says_nothing_of_numbers_has_none() -> None:
    assert numbers_of(object()) is None


def said(*answers: tuple[int, Any]) -> tuple[EvolutionNumbers, list[tuple[str, str, Any]]]:
    """Numbers of a server that answers these, one after the other, and what it was asked."""
    asked: list[tuple[str, str, Any]] = []
    left = list(answers)

    async def ask(method: str, target: str, body: bytes | None = None, *, instance: str | None = None) -> Answer:
        asked.append((method, target, json.loads(body) if body else None))
        status, content = left.pop(0)
        answer = Answer(status, b"" if content is None else json.dumps(content).encode())
        if (failure := failure_of(answer, "http://evolution", instance)) is not None:
            raise failure
        return answer

    return EvolutionNumbers(ask, "http://evolution"), asked


def refusal(*words: str) -> dict[str, Any]:
    return {"status": 400, "error": "Bad Request", "response": {"message": [list(words)]}}


async def test_an_old_server_is_spoken_to_in_its_own_way() -> None:
    unknown = {"status": 404, "error": "Not Found", "response": {"message": ["Cannot POST /instance/restart/a"]}}
    numbers, asked = said((404, unknown), (200, {"instance": {"instanceName": "a", "state": "open"}}))
    await numbers.restart("a")
    assert [method for method, *_ in asked] == ["POST", "PUT"]

    numbers, asked = said((400, refusal("webhook is not of a type(s) string")), (201, {"hash": {"apikey": "x"}}))
    await numbers.create("a", webhook_url=HOOK, secret="s")
    assert (asked[0][2]["webhook"]["events"], asked[1][2]["webhook"]) == (asked[1][2]["events"], HOOK)

    numbers, asked = said((400, refusal('instance requires property "reject_call"')), (201, {}))
    await numbers.set_settings("a", NumberSettings(reject_calls=True))
    assert asked[1][2]["reject_call"] is True

    numbers, asked = said(
        (400, refusal('instance requires property "url"')), (201, {"webhook": {"url": HOOK, "enabled": True}})
    )
    await numbers.set_webhook("a", url=HOOK, secret="s")
    assert asked[1][2]["url"] == HOOK

    closing = {"response": {"message": ['The "a" instance needs to be disconnected']}}
    numbers, asked = said((400, closing), (200, {}), (200, {}))
    await numbers.delete("a")
    assert [target for _, target, _ in asked] == ["/instance/delete/a", "/instance/logout/a", "/instance/delete/a"]

    numbers, _ = said((200, {"reject_call": True, "msg_call": "later"}))
    assert await numbers.get_settings("a") == NumberSettings(reject_calls=True, reject_text="later")


@pytest.mark.parametrize("content", [None, {}, {"instance": {}}, {"instance": {"state": "sleeping"}}, []])
async def test_a_state_nobody_knows_is_unknown_and_not_open(content: Any) -> None:
    numbers, _ = said((200, content))
    assert await numbers.state("a") == "unknown"


async def test_a_number_the_server_lost_from_memory_cannot_be_connected() -> None:
    numbers, _ = said((200, {"error": True, "message": "[object Object]"}))
    with pytest.raises(UnavailableError, match="restart the server") as lost:
        await numbers.connect("a")
    assert lost.value.code == "connect_failed"


# What each recorded answer of a call is read as; every recording of our calls meets one.
READ: dict[str, Callable[[EvolutionNumbers], Awaitable[Any]]] = {
    "connect": lambda numbers: numbers.connect("x"),
    "connectionState": lambda numbers: numbers.state("x"),
    "restart": lambda numbers: numbers.restart("x"),
    "logout": lambda numbers: numbers.logout("x"),
    "delete": lambda numbers: numbers.delete("x"),
    "create": lambda numbers: numbers.create("x"),
    "settings": lambda numbers: numbers.get_settings("x"),
    "proxy": lambda numbers: numbers.get_proxy("x"),
    "webhook": lambda numbers: numbers.get_webhook("x"),
}
_EXPECTED = (ConflictError, InvalidError, NotFoundError, UnavailableError)


def operation(recording: Recording) -> str:
    parts = [*recording.request["path"].partition("?")[0].split("/"), "", ""]
    found = parts[2] if parts[1] == "instance" else parts[1] if parts[2] == "find" else ""
    usual = {"create": "POST", "restart": "POST", "logout": "DELETE", "delete": "DELETE"}.get(found, "GET")
    return found if found in READ and recording.request["method"] == usual else ""


OURS = [each for each in recordings() if operation(each) and (each.status or 500) not in {401, 500}]


@pytest.mark.parametrize("recording", OURS, ids=str)
async def test_every_recorded_answer_of_these_calls_is_understood(recording: Recording) -> None:
    numbers, _ = said(
        (recording.status or 0, recording.answer), (200, {"instance": {"state": "connecting"}}), (200, None)
    )
    body = recording.answer
    refused = isinstance(body, dict) and body.get("error") is True
    name = operation(recording)
    if refused or (recording.status or 0) >= 400:
        quiet = name in ("logout", "delete")  # what is over already is fine
        with contextlib.nullcontext() if quiet else pytest.raises(_EXPECTED):
            await READ[name](numbers)
        return
    found = await READ[name](numbers)
    if name == "connect" and isinstance(body, dict) and "instance" not in body:
        assert (found.qr, found.code, found.count) == (body.get("code"), body.get("pairingCode"), body.get("count"))
        assert bool(found.png) == ("base64" in body)
    elif name == "connectionState":
        assert found == body["instance"].get("state", "unknown")
    elif name == "settings":
        assert (found.reject_calls, found.reject_text) == (body["rejectCall"], body["msgCall"])
    elif name == "webhook":
        assert (found is None) == (body is None or not body["enabled"])


def test_the_recordings_of_these_calls_are_many() -> None:
    assert len(OURS) > 60
    assert {operation(each) for each in OURS} == set(READ)
