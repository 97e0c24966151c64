"""One suite for every provider, each against its own server: what the rest of the house may rely on.

A new provider is a folder and a bench (`benches.py`); `docs/howto/add-a-provider.md` shows the way.
"""

import inspect
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from benches import BENCHES, BUSY, NO_ANSWER, NO_NAME, PERSON, Bench

from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, NotFoundError, UnauthorizedError, UnavailableError
from anclora.providers.contract import (
    FetchesMedia,
    InboundEvent,
    OtherEvent,
    Provider,
    ReceiptEvent,
    Refused,
    SaidMedia,
    Scope,
    Sent,
    Text,
    Unknown,
)

REFERENCE = "019aac5e-7a00-7000-8000-000000000001"
HELLO = Text(text="hola, ¿qué tal? 👋")


@pytest.fixture(params=BENCHES, ids=lambda bench: bench.__name__)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Bench, None]:
    async with request.param(tmp_path) as ready:
        yield ready


async def sent(bench: Bench, text: Text = HELLO) -> str:
    outcome = await bench.provider.send(bench.number, PERSON, text, reference=REFERENCE)
    assert isinstance(outcome, Sent), outcome
    return outcome.provider_id


async def test_it_has_every_member_of_the_contract(bench: Bench) -> None:
    wanted = {name for name, _ in inspect.getmembers(Provider) if not name.startswith("_")}
    assert {name for name in wanted if not hasattr(bench.provider, name)} == set()
    for name in wanted:
        ours, theirs = getattr(Provider, name), getattr(type(bench.provider), name)
        if callable(ours):
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name


async def test_its_capabilities_are_sound(bench: Bench) -> None:
    can = bench.provider.capabilities
    assert can.text_chars > 0
    assert all(size > 0 for size in can.media_bytes.values())
    assert can.mimetypes.keys() <= can.media_bytes.keys() | can.mimetypes.keys()
    assert not can.absence_proves or can.find_messages  # what cannot be looked up is proved by no look-up
    assert can.webhook_path.startswith("/webhooks/")


async def test_a_message_goes_out_once_and_gets_a_name_of_its_own(bench: Bench) -> None:
    names = {await sent(bench), await sent(bench)}
    assert len(names) == 2
    assert all(name.isprintable() and name for name in names)
    assert bench.out() == [(PERSON, HELLO.text)] * 2


async def test_its_receipts_tell_how_far_it_came(bench: Bench) -> None:
    name = await sent(bench)
    await bench.until(lambda events: {1, 2, 3} <= {e.rank for e in events if isinstance(e, ReceiptEvent)})
    receipts = [event for event in bench.events() if isinstance(event, ReceiptEvent)]
    assert {receipt.provider_id for receipt in receipts} == {name}
    if bench.provider.capabilities.client_reference == "echo":
        assert {receipt.reference for receipt in receipts} == {REFERENCE}


async def test_somebody_writes_to_the_number(bench: Bench) -> None:
    writing = bench.write(PERSON, "Is the flat still free?")
    if inspect.isawaitable(writing):
        await writing
    await bench.until(lambda events: any(isinstance(event, InboundEvent) for event in events))
    (event,) = [event for event in bench.events() if isinstance(event, InboundEvent)]
    assert (event.sender, event.text) == (PERSON, "Is the flat still free?")
    assert event.provider_id
    assert event.at.tzinfo is not None


async def test_who_cannot_be_reached_is_refused_for_good(bench: Bench) -> None:
    recipient, text = bench.nobody
    outcome = await bench.provider.send(bench.number, recipient, Text(text=text), reference=REFERENCE)
    assert isinstance(outcome, Refused)
    assert (outcome.permanent, outcome.scope, bench.out()) == (True, Scope.RECIPIENT, [])


async def test_a_number_that_cannot_send_now_is_refused_for_a_while(bench: Bench) -> None:
    outcome = await bench.provider.send(bench.number, PERSON, Text(text=BUSY), reference=REFERENCE)
    assert isinstance(outcome, Refused)
    assert (outcome.permanent, outcome.scope, bench.out()) == (False, Scope.LANE, [])


@pytest.mark.parametrize("text", [NO_ANSWER, NO_NAME])
async def test_what_may_have_gone_out_is_unknown_and_is_not_sent_again(bench: Bench, text: str) -> None:
    outcome = await bench.provider.send(bench.number, PERSON, Text(text=text), reference=REFERENCE)
    assert isinstance(outcome, Unknown)
    assert bench.out() == [(PERSON, text)]


async def test_where_nobody_listens_nothing_left_this_machine(bench: Bench) -> None:
    outcome = await bench.nowhere.send(bench.number, PERSON, HELLO, reference=REFERENCE)
    assert isinstance(outcome, Refused)
    assert outcome.before_send
    with pytest.raises(UnavailableError):
        await bench.nowhere.list_instances()


async def test_it_lists_its_numbers(bench: Bench) -> None:
    found = {remote.name: remote.state for remote in await bench.provider.list_instances()}
    assert found == {bench.number: "open"}


async def test_a_wrong_key_is_named_with_its_setting(bench: Bench) -> None:
    with pytest.raises(UnauthorizedError, match=r"[A-Z_]{4,}(KEY|TOKEN)"):
        await bench.wrong_key.list_instances()
    outcome = await bench.wrong_key.send(bench.number, PERSON, HELLO, reference=REFERENCE)
    assert not isinstance(outcome, Sent)
    assert bench.out() == []


async def test_a_look_up_finds_it_or_says_that_it_cannot(bench: Bench) -> None:
    name, now = await sent(bench), SystemClock().now()
    since, until = now - timedelta(minutes=5), now + timedelta(minutes=5)
    if bench.provider.capabilities.find_messages:
        found = await bench.provider.find_messages(bench.number, recipient=PERSON, since=since, until=until)
        assert [message.provider_id for message in found] == [name]
    else:
        with pytest.raises(UnavailableError):
            await bench.provider.find_messages(bench.number, recipient=PERSON, since=since, until=until)
    receipt = await bench.provider.find_receipt(bench.number, name)
    assert receipt is None or receipt.provider_id == name


@pytest.mark.parametrize("junk", [b"", b"{", b"7", b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_webhook_is_refused(bench: Bench, junk: bytes) -> None:
    with pytest.raises(InvalidError):
        bench.provider.parse_webhook(junk)


async def test_a_webhook_of_tomorrow_is_no_error(bench: Bench) -> None:
    tomorrow = b'{"event": "planets.aligned", "object": "planets", "data": {"deep": [[[]]]}}'
    assert [type(event) for event in bench.provider.parse_webhook(tomorrow)] == [OtherEvent]


async def test_the_number_itself_is_its_first_variant(bench: Bench) -> None:
    for recipient in (PERSON, "5511999990001", "5215512345678"):
        assert bench.provider.variants(recipient)[0] == recipient


JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 2_000


async def told_of_a_file(bench: Bench, write_file: Callable[[str, bytes], Any]) -> str:
    """Somebody sends one; what it is fetched by."""
    write_file(PERSON, JPEG)
    await bench.until(lambda events: any(isinstance(each, InboundEvent) for each in events))
    [said] = [event.said for event in bench.events() if isinstance(event, InboundEvent)]
    assert isinstance(said, SaidMedia)
    assert (said.kind, said.mimetype) == ("image", "image/jpeg")
    assert said.ref is not None
    return said.ref


async def test_a_file_somebody_sent_comes_byte_for_byte(bench: Bench) -> None:
    if bench.write_file is None:
        assert not isinstance(bench.provider, FetchesMedia)
        return
    assert isinstance(bench.provider, FetchesMedia)
    ref = await told_of_a_file(bench, bench.write_file)
    got = await bench.provider.fetch_media(bench.number, ref, limit_bytes=len(JPEG))
    assert (got.data, got.mimetype) == (JPEG, "image/jpeg")
    with pytest.raises(InvalidError) as caught:
        await bench.provider.fetch_media(bench.number, ref, limit_bytes=len(JPEG) - 1)
    assert caught.value.code == "media_too_large"


async def test_a_file_the_provider_has_no_more_says_so(bench: Bench) -> None:
    if not isinstance(bench.provider, FetchesMedia) or not isinstance(bench.nowhere, FetchesMedia):
        return
    with pytest.raises(NotFoundError) as caught:
        await bench.provider.fetch_media(bench.number, "3A000000000000000009", limit_bytes=1_000)
    assert caught.value.code == "media_expired"
    with pytest.raises(UnavailableError):
        await bench.nowhere.fetch_media(bench.number, "3A000000000000000009", limit_bytes=1_000)
