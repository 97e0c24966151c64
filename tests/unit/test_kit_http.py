"""The lean transport says exactly how far a request came, and never sends one twice."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from scripted_http import Request, Scripted, answer, hold, on_both_loops, raw, reset, scripted, within

from anclora.kit.errors import InvalidError, UnavailableError
from anclora.kit.http import Answer, Connection, MaybeSent, NotSent, Poster, Result
from anclora.kit.wire import JsonClient, shown_url
from tests.conftest import needs

LONG, SHORT = 5.0, 0.05


def poster(url: str, **options: float) -> Poster:
    return Poster(url, headers={"apikey": "k"}, **options)  # pyright: ignore[reportArgumentType]


async def post(client: Poster, body: bytes = b"{}", seconds: float = LONG) -> Result:
    return await client.post("/message/sendText/a%20b", body, timeout_seconds=seconds)


def closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@on_both_loops
async def test_requests_share_one_connection_and_arrive_whole() -> None:
    async with scripted(answer(b'{"ok":1}')) as server:
        client = poster(server.url + "/evo")
        results = [await post(client, b"body %d" % number) for number in range(3)]
        await client.close()
    assert all(isinstance(result, Answer) and (result.status, result.body) == (201, b'{"ok":1}') for result in results)
    assert [request.body for request in server.requests] == [b"body 0", b"body 1", b"body 2"]
    assert server.connections == 1
    head = server.requests[0].head
    assert head.startswith("POST /evo/message/sendText/a%20b HTTP/1.1\r\n")
    for line in ("apikey: k", "accept-encoding: identity", "content-length: 6", "content-type: application/json"):
        assert f"\r\n{line}\r\n" in head
    assert head.count("content-length") == 1


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("data", "closes", "reused"),
    [
        (b'HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n', False, True),
        (b'HTTP/1.1 201 Created\r\ncontent-length: 7\r\nconnection: close\r\n\r\n{"a":1}', False, False),
        (b'HTTP/1.1 201 Created\r\n\r\n{"a":1}', True, False),
        (b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 7\r\n\r\n{"a":1}', False, True),
        (b'HTTP/1.0 201 Created\r\ncontent-length: 7\r\n\r\n{"a":1}', False, False),
        (b'HTTP/1.1 201 Created\r\ncontent-length: 7\r\n\r\n{"a":1}HTTP/1.1 201 Created\r\n\r\n', False, False),
    ],
    ids=["chunked", "says-close", "ends-with-close", "continue-first", "http-1.0", "second-answer"],
)
def test_every_framing_gives_the_same_answer(loop: str, data: bytes, closes: bool, reused: bool) -> None:
    @on_both_loops
    async def scenario() -> None:
        async with scripted(raw(data, close=closes)) as server:
            client = poster(server.url)
            for _ in range(2):
                result = await post(client)
                assert isinstance(result, Answer)
                assert (result.status, result.body) == (201, b'{"a":1}')
            await client.close()
        assert server.connections == (1 if reused else 2)

    scenario(loop)


@on_both_loops
async def test_nothing_left_when_no_connection_stands() -> None:
    refused = await post(poster(closed_port()))
    assert isinstance(refused, NotSent)
    assert refused.code == "refused"
    assert "127.0.0.1" in refused.reason
    no_name = await post(poster(f"http://{'x' * 70}.invalid"))
    assert isinstance(no_name, NotSent)
    assert no_name.code == "dns"


@on_both_loops
async def test_a_failed_or_silent_tls_handshake_sends_nothing() -> None:
    async with scripted(answer()) as plain:  # waits for a request, so it never answers the handshake
        silent = await post(poster(plain.url.replace("http:", "https:"), connect_timeout_seconds=SHORT))
        assert isinstance(silent, NotSent)
        assert silent.code == "connect_timeout"
    talker = await asyncio.start_server(_talk, "127.0.0.1", 0)
    wrong = await post(poster(f"https://127.0.0.1:{talker.sockets[0].getsockname()[1]}"))
    talker.close()
    assert isinstance(wrong, NotSent)
    assert wrong.code == "tls"
    assert plain.requests == []


async def _talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 this is no TLS\r\n")
    await writer.drain()
    writer.close()


def test_tls_with_a_trusted_certificate(tmp_path: Path) -> None:
    needs("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate, key)

    @on_both_loops
    async def scenario() -> None:
        async with scripted(answer(), tls=ours) as server:
            trusting = Poster(server.url, tls=ssl.create_default_context(cafile=certificate))
            results = [await post(trusting) for _ in range(2)]
            await trusting.close()
            stranger = await post(poster(server.url))
        assert [type(result) for result in results] == [Answer, Answer]
        assert isinstance(stranger, NotSent)
        assert stranger.code == "tls"
        assert len(server.requests) == 2

    scenario("asyncio")
    scenario("uvloop")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("action", "code"),
    [
        (reset, "reset"),
        (raw(b"", close=True), "reset"),
        (raw(b"HTTP/1.1 201 Created\r\ncontent-le", close=True), "reset"),
        (raw(b"HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{", close=True), "reset"),
        (raw(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{", close=True), "reset"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "garbled"),
        (raw(b"HTTP/1.1 201 Created\r\ncontent-length: 999999999\r\n\r\n" + b"x" * 200_000), "too_large"),
        (raw(b"HTTP/1.1 201 Created\r\n" + b"x-y: z\r\n" * 20_000), "too_large"),
        (raw(b"HTTP/1.1 201 Created\r\n"), "timeout"),
    ],
    ids=["reset", "close", "in-head", "in-body", "in-chunk", "garbled", "body-too-large", "head-too-large", "silence"],
)
def test_after_the_request_left_nothing_is_certain_and_nothing_is_sent_again(
    loop: str, action: object, code: str
) -> None:
    @on_both_loops
    async def scenario() -> None:
        async with scripted(answer(), action, answer()) as server:  # pyright: ignore[reportArgumentType]
            client = poster(server.url, body_limit_bytes=1_000)
            assert isinstance(await post(client), Answer)  # so the connection under test is a reused one
            result = await post(client, seconds=0.3 if code == "timeout" else LONG)
            assert isinstance(result, MaybeSent)
            assert result.code == code
            assert isinstance(await post(client), Answer)
            await client.close()
        assert len(server.requests) == 3
        assert server.connections == 2

    scenario(loop)


@on_both_loops
async def test_a_connection_the_server_closed_meanwhile_is_not_used() -> None:
    async with scripted(answer(close=True)) as server:
        client = poster(server.url)
        for _ in range(3):
            server.gone.clear()
            assert isinstance(await post(client), Answer)
            await within(server.gone)
        await client.close()
    assert len(server.requests) == server.connections == 3


@on_both_loops
async def test_a_connection_idle_for_too_long_is_not_used() -> None:
    async with scripted(answer()) as server:
        client = poster(server.url, idle_seconds=-1.0)
        for _ in range(2):
            assert isinstance(await post(client), Answer)
        await client.close()
    assert server.connections == 2


@on_both_loops
async def test_an_answer_before_the_request_was_out_counts_and_ends_the_connection() -> None:
    async def early(server: Scripted, writer: asyncio.StreamWriter, request: Request) -> None:
        await answer(status="413 Payload Too Large")(server, writer, request)
        server.read_body = True
        await within(server.release)

    async with scripted(early, answer()) as server:
        server.read_body = False
        client = poster(server.url)
        result = await post(client, b"x" * 30_000_000)
        assert isinstance(result, Answer)
        assert result.status == 413
        assert isinstance(await post(client, seconds=1.0), Answer)
        await client.close()
    assert server.connections == 2


@on_both_loops
async def test_callers_beyond_the_bound_wait_in_line() -> None:
    async with scripted(hold) as server:
        client = poster(server.url, connections=1, waiting=3)
        first = asyncio.create_task(post(client, b"0"))
        await within(server.arrived)
        line = [asyncio.create_task(post(client, b"%d" % number)) for number in (1, 2, 3)]
        await asyncio.wait(line, timeout=0)
        too_many = await post(client, b"4")
        assert isinstance(too_many, NotSent)
        assert too_many.code == "busy"
        server.release.set()
        results = await asyncio.wait_for(asyncio.gather(first, *line), LONG)
        await client.close()
    assert [isinstance(result, Answer) and result.body for result in results] == [b"0", b"1", b"2", b"3"]
    assert [request.body for request in server.requests] == [b"0", b"1", b"2", b"3"]
    assert server.connections == 1


@on_both_loops
async def test_a_caller_who_leaves_the_line_sent_nothing_and_blocks_nobody() -> None:
    async with scripted(hold) as server:
        client = poster(server.url, connections=1, waiting=2)
        first = asyncio.create_task(post(client, b"0"))
        await within(server.arrived)
        late = await post(client, b"late", seconds=SHORT)
        assert isinstance(late, NotSent)
        assert late.code == "busy"
        cancelled = asyncio.create_task(post(client, b"cancelled"))
        await asyncio.wait([cancelled], timeout=0)
        cancelled.cancel()
        last = asyncio.create_task(post(client, b"last"))
        await asyncio.wait([cancelled], timeout=LONG)
        server.release.set()
        assert all(isinstance(result, Answer) for result in await asyncio.wait_for(asyncio.gather(first, last), LONG))
        await client.close()
    assert cancelled.cancelled()
    assert [request.body for request in server.requests] == [b"0", b"last"]


@on_both_loops
async def test_a_slot_handed_to_a_caller_who_is_cancelled_in_that_moment_is_not_lost() -> None:
    async with scripted(hold) as server:
        client = poster(server.url, connections=1)
        first = asyncio.create_task(post(client, b"0"))
        await within(server.arrived)
        waiting = asyncio.create_task(post(client, b"1"))
        await asyncio.wait([waiting], timeout=0)
        release = client._release

        def release_and_cancel(connection: Connection | None) -> None:
            release(connection)
            waiting.cancel()  # it holds a slot now and has not woken up yet

        client._release = release_and_cancel
        server.release.set()
        await asyncio.wait([first], timeout=LONG)
        client._release = release
        await asyncio.wait([waiting], timeout=LONG)
        assert waiting.cancelled()
        assert isinstance(await post(client, b"2", seconds=1.0), Answer)
        await client.close()


@on_both_loops
async def test_a_cancelled_caller_closes_his_connection() -> None:
    async with scripted(hold, answer()) as server:
        client = poster(server.url, connections=1)
        task = asyncio.create_task(post(client))
        await within(server.arrived)
        task.cancel()
        await asyncio.wait([task], timeout=LONG)
        server.release.set()
        await within(server.gone)
        assert task.cancelled()
        assert isinstance(await post(client), Answer)
        await client.close()
    assert server.connections == 2


@pytest.mark.parametrize("url", ["", "ftp://x", "evolution:8080", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidError, match="no http"):
        Poster(url)


def test_a_key_that_would_smuggle_headers_is_refused() -> None:
    with pytest.raises(InvalidError, match="header"):
        Poster("http://127.0.0.1", headers={"apikey": "k\r\nx: y"})


def test_shown_urls_carry_no_secret() -> None:
    assert shown_url("https://user:pass@evo.example:8443/api/?token=1#x") == "https://evo.example:8443/api"


async def test_the_json_client_asks_and_reports() -> None:
    async with scripted(answer(b"[1]", status="200 OK"), answer(b"no", status="500 Oops"), reset) as server:
        client = JsonClient(server.url + "/", headers={"apikey": "k"})
        good = await client.ask("POST", "/webhook/set/a%2Fb", b'{"x":1}')
        bad = await client.ask("GET", "/instance/fetchInstances")
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
            await client.ask("GET", "/")
        await client.close()
    assert (good.status, good.body, bad.status, bad.body) == (200, b"[1]", 500, b"no")
    assert server.requests[0].head.startswith("POST /webhook/set/a%2Fb HTTP/1.1")
    assert "apikey: k" in server.requests[0].head
    assert server.requests[0].body == b'{"x":1}'


async def test_the_json_client_is_bounded_in_time_and_size() -> None:
    async with scripted(hold) as server:
        client = JsonClient(server.url, timeout_seconds=SHORT)
        with pytest.raises(UnavailableError, match="in time"):
            await client.ask("GET", "/")
        await client.close()
    async with scripted(answer(b"x" * 2_000)) as server:
        client = JsonClient(server.url, body_limit_bytes=1_000)
        with pytest.raises(UnavailableError, match="larger"):
            await client.ask("GET", "/")
        await client.close()


async def test_the_json_client_names_a_server_that_refuses() -> None:
    url = closed_port()
    client = JsonClient(url)
    with pytest.raises(UnavailableError) as raised:
        await client.ask("GET", "/")
    await client.close()
    assert url in raised.value.detail
