"""What the script says happens to messages, and the witness, the look-ups and the webhooks agree about it."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_receiver import WAIT_SECONDS, Receiver, receiving

from anclora.providers.sandbox import Sandbox, Script, read_witness, running_sandbox
from anclora.providers.sandbox.script import FAULTS, Disconnect, Fault, Number, Pick, Receipts, Replies, Webhooks

KEY = "k"
NUMBERS = (Number(name="ventas"),)
QUIET = Receipts(never_share=1.0)
SOON = Receipts(server_ack_ms=(1, 2), delivery_ms=(3, 4), read_ms=(5, 6))


class Play:
    """A sandbox with its receiver and a client."""

    def __init__(self, sandbox: Sandbox, receiver: Receiver, session: aiohttp.ClientSession, witness: Path) -> None:
        self.sandbox = sandbox
        self.receiver = receiver
        self.session = session
        self.witness = witness

    async def send(self, recipient: str = "34600111222", text: str = "hola", timeout: float = 5.0) -> tuple[int, Any]:
        """Send a text; status and body."""
        limit = aiohttp.ClientTimeout(total=timeout)
        body = {"number": recipient, "text": text}
        async with self.session.post("/message/sendText/ventas", json=body, timeout=limit) as answer:
            return answer.status, await answer.json()

    async def found(self) -> list[dict[str, Any]]:
        """What the look-up shows."""
        async with self.session.post("/chat/findMessages/ventas", json={}) as answer:
            return (await answer.json())["messages"]["records"]

    def out(self) -> list[tuple[str, str]]:
        """What the witness saw."""
        return [(sighting.recipient, sighting.text) for sighting in read_witness(self.witness)]


@contextlib.asynccontextmanager
async def playing(script: Script, folder: Path) -> AsyncGenerator[Play, None]:
    witness = folder / "witness.jsonl"
    async with (
        receiving() as receiver,
        running_sandbox(script, witness, api_key=KEY, webhook_url=receiver.url) as sandbox,
        aiohttp.ClientSession(sandbox.url, headers={"apikey": KEY}) as session,
    ):
        yield Play(sandbox, receiver, session, witness)


@pytest.mark.parametrize("kind", [kind for kind, fault in FAULTS.items() if fault.status and not fault.page])
async def test_a_fault_with_an_answer_strikes_once(kind: str, tmp_path: Path) -> None:
    async with playing(Script(instances=NUMBERS, receipts=QUIET, faults=(Fault(kind=kind),)), tmp_path) as play:
        status, body = await play.send()
        assert (status, body["response"]["message"]) == (FAULTS[kind].status, FAULTS[kind].message)
        gone = [("34600111222", "hola")] if FAULTS[kind].out else []
        assert play.out() == gone
        assert len(await play.found()) == len(gone)
        assert (await play.send())[0] == 201
        assert len(play.out()) == len(gone) + 1


@pytest.mark.parametrize(("kind", "out"), [("timeout_after_send", 1), ("timeout_before_send", 0)])
async def test_a_time_out_holds_the_request(kind: str, out: int, tmp_path: Path) -> None:
    async with playing(Script(instances=NUMBERS, receipts=QUIET, faults=(Fault(kind=kind),)), tmp_path) as play:
        with pytest.raises(TimeoutError):
            await play.send(timeout=0.2)
        assert len(play.out()) == out
        assert len(await play.found()) == out
        await play.receiver.until(lambda: len(play.receiver.of("send.message")) == out)


async def test_a_held_request_ends_without_an_answer(tmp_path: Path) -> None:
    fault = Fault(kind="timeout_before_send", hold_seconds=0.05)
    async with playing(Script(instances=NUMBERS, faults=(fault,)), tmp_path) as play:
        with pytest.raises(aiohttp.ClientError):
            await play.send()


async def test_a_reset_comes_after_the_message_went_out(tmp_path: Path) -> None:
    script = Script(instances=NUMBERS, receipts=SOON, faults=(Fault(kind="reset_after_send"),))
    async with playing(script, tmp_path) as play:
        with pytest.raises(aiohttp.ClientError):
            await play.send()
        assert play.out() == [("34600111222", "hola")]
        await play.receiver.until(lambda: len(play.receiver.bodies) == 4)


async def test_without_a_record_nothing_but_the_witness_knows(tmp_path: Path) -> None:
    fault = Fault(kind="prisma_400_sent", record=False)
    async with playing(Script(instances=NUMBERS, receipts=SOON, faults=(fault,)), tmp_path) as play:
        assert (await play.send(text="first"))[0] == 400
        assert await play.found() == []
        assert (await play.send(text="first"))[0] == 201
        await play.receiver.until(lambda: len(play.receiver.bodies) == 4)
        assert len(play.out()) == 2
        assert len(play.receiver.of("send.message")) == 1


async def test_a_client_that_leaves_does_not_stop_its_message(tmp_path: Path) -> None:
    script = Script(instances=NUMBERS, latency_ms=(300, 300), receipts=QUIET)
    async with playing(script, tmp_path) as play:
        with pytest.raises(TimeoutError):
            await play.send(timeout=0.05)
        await play.receiver.until(lambda: bool(play.receiver.of("send.message")))
        assert len(play.out()) == 1


async def test_a_number_without_whatsapp_is_refused_for_ever(tmp_path: Path) -> None:
    script = Script(instances=NUMBERS, not_on_whatsapp=Pick(numbers=frozenset({"34600000000"})))
    async with playing(script, tmp_path) as play:
        for _ in range(2):
            status, body = await play.send("34600000000")
            jid = "34600000000@s.whatsapp.net"
            refusal = {"jid": jid, "exists": False, "number": "34600000000"}
            assert (status, body["response"]["message"]) == (400, [refusal])
        assert play.out() == []


async def test_swallowed_and_doubled_messages_show_in_the_witness_alone(tmp_path: Path) -> None:
    script = Script(instances=NUMBERS, receipts=QUIET, swallow=Pick(nth=frozenset({1})), double=Pick(text="two"))
    async with playing(script, tmp_path) as play:
        assert [(await play.send(text=text))[0] for text in ("one", "two", "three")] == [201, 201, 201]
        assert [text for _, text in play.out()] == ["two", "two", "three"]
        assert len(await play.found()) == 3


async def test_a_lost_acknowledgement_shows_in_the_look_up(tmp_path: Path) -> None:
    receipts = Receipts(server_ack_ms=(0, 0), delivery_ms=(0, 0), read_ms=(0, 0), lost_share=1.0, early_share=1.0)
    async with playing(Script(instances=NUMBERS, receipts=receipts), tmp_path) as play:
        status, _ = await play.send()
        assert (status, len(await play.found())) == (201, 1)
        async with play.session.post("/chat/findStatusMessage/ventas", json={}) as answer:
            assert "SERVER_ACK" in {entry["status"] for entry in await answer.json()}
        await play.receiver.until(lambda: bool(play.receiver.of("send.message")))
        assert play.receiver.of("messages.update") == []


async def test_an_early_webhook_comes_before_the_answer(tmp_path: Path) -> None:
    receipts = Receipts(early_share=1.0, delivery_ms=(60_000, 60_000))
    async with playing(Script(instances=NUMBERS, receipts=receipts), tmp_path) as play:
        await play.send()
        assert "send.message" in {body["event"] for body in play.receiver.bodies}


async def test_receipts_in_disorder_and_twice(tmp_path: Path) -> None:
    receipts = Receipts(
        server_ack_ms=(0, 0), delivery_ms=(60, 60), read_ms=(120, 120), disorder_share=1.0, duplicate_share=1.0
    )
    # One connection, so that the order of posting is the order of arrival.
    script = Script(instances=NUMBERS, receipts=receipts, webhooks=Webhooks(connections=1))
    async with playing(script, tmp_path) as play:
        await play.send()
        await play.receiver.until(lambda: len(play.receiver.of("messages.update")) == 6)
        statuses = [body["data"]["status"] for body in play.receiver.of("messages.update")]
        assert statuses == ["READ", "READ", "DELIVERY_ACK", "DELIVERY_ACK", "SERVER_ACK", "SERVER_ACK"]


async def test_a_recipient_answers_once(tmp_path: Path) -> None:
    replies = Replies(share=1.0, texts=("BAJA",), delay_ms=(0, 0))
    async with playing(Script(instances=NUMBERS, receipts=QUIET, replies=replies), tmp_path) as play:
        await play.send(text="one")
        await play.send(text="two")
        await play.send("34600333444")
        await play.receiver.until(lambda: len(play.receiver.of("messages.upsert")) == 2)
        inbound = [body["data"] for body in play.receiver.of("messages.upsert")]
        assert [data["key"]["remoteJid"][:11] for data in inbound] == ["34600111222", "34600333444"]
        assert {data["message"]["conversation"] for data in inbound} == {"BAJA"}


async def test_a_scripted_disconnect_refuses_sends_until_it_is_over(tmp_path: Path) -> None:
    cut = Disconnect(instance="ventas", after_sends=1, for_seconds=0.3)
    async with playing(Script(instances=NUMBERS, receipts=QUIET, disconnects=(cut,)), tmp_path) as play:
        await play.send(text="one")
        status, body = await play.send(text="two")
        assert (status, body["response"]["message"]) == (500, "Connection Closed")
        await play.receiver.until(lambda: len(play.receiver.of("connection.update")) == 2)
        states = [body["data"]["state"] for body in play.receiver.of("connection.update")]
        assert states == ["connecting", "open"]
        assert (await play.send(text="two"))[0] == 201


async def test_a_logged_out_number_opens_only_when_connected_again(tmp_path: Path) -> None:
    async with playing(Script(instances=NUMBERS, receipts=QUIET), tmp_path) as play:
        await play.session.post("/sandbox/instances/ventas/state", json={"state": "close"})
        assert (await play.send())[0] == 500
        await play.session.get("/instance/connect/ventas")
        opened = "open"
        await play.receiver.until(
            lambda: opened in [body["data"]["state"] for body in play.receiver.of("connection.update")]
        )
        assert (await play.send())[0] == 201


async def test_a_bad_control_request_is_refused(tmp_path: Path) -> None:
    async with playing(Script(instances=NUMBERS), tmp_path) as play:
        for path, body in (("instances/ventas/state", {"state": "ajar"}), ("inbound/ventas", {"text": "x"})):
            async with play.session.post(f"/sandbox/{path}", json=body) as answer:
                assert answer.status == 400


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async with playing(Script(instances=NUMBERS, receipts=QUIET), tmp_path) as play:
        host, port = play.sandbox.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in range(40):
            body = json.dumps({"number": "34600111222", "text": str(number)}).encode()
            head = f"POST /message/sendText/ventas HTTP/1.1\r\nhost: x\r\napikey: {KEY}\r\ncontent-length: {len(body)}"
            writer.write(head.encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(WAIT_SECONDS):
            for _ in range(40):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 201 Created\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
        writer.close()
        assert [text for _, text in play.out()] == [str(number) for number in range(40)]


async def test_the_process_serves_and_stops(tmp_path: Path) -> None:
    """The blocking form, on the event loop it is made for."""
    witness = tmp_path / "witness.jsonl"
    program = (
        "import sys, pathlib; from anclora.kit.logging import configure_logging;"
        "from anclora.providers.sandbox import Script, run_sandbox; configure_logging();"
        "run_sandbox(Script(), pathlib.Path(sys.argv[1]), api_key='k')"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(witness), stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(WAIT_SECONDS), aiohttp.ClientSession(headers={"apikey": KEY}) as session:
            url = json.loads(await process.stderr.readline())["url"]
            body = {"number": "34600111222", "text": "hola"}
            async with session.post(f"{url}/message/sendText/sandbox", json=body) as answer:
                assert answer.status == 201
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert [sighting.text for sighting in read_witness(witness)] == ["hola"]
