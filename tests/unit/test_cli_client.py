"""The command line's client: the server's own sentence, or one that says what to do."""

from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from anclora.cli.client import Client
from anclora.kit.errors import AncloraError, InvalidError, SetupError, UnauthorizedError, UnavailableError

PROBLEM = b'{"code": "invalid_phone", "detail": "The phone number is malformed."}'


class Answering(HTTPServer):
    """Answers every request the same."""

    status = 200
    body = b"{}"
    role: str | None = None


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Answering)
        server.role = self.headers["X-Anclora-Role"]
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[Answering, None, None]:
    with Answering(("127.0.0.1", 0), _Handler) as answering:
        monkeypatch.setenv("ANCLORA_URL", f"http://127.0.0.1:{answering.server_port}")
        monkeypatch.setenv("API_KEY", "ak_x")
        thread = Thread(target=answering.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answering
        answering.shutdown()
        thread.join(5)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (422, PROBLEM, InvalidError, "invalid_phone"),
        (401, b'{"code": "unknown_key", "detail": "Nobody knows this key."}', UnauthorizedError, "unknown_key"),
        (404, b'{"code": "message_not_found", "detail": "There is none."}', AncloraError, "message_not_found"),
        (502, b"<html>", AncloraError, "http_error"),
        (500, b"[1]", AncloraError, "http_error"),
        (200, b"<html>", UnavailableError, "unavailable"),
    ],
)
def test_a_refusal_keeps_its_code(
    server: Answering, status: int, body: bytes, kind: type[AncloraError], code: str
) -> None:
    server.status, server.body = status, body
    with pytest.raises(kind) as refused:
        Client(Path("nowhere")).call("GET", "/queue/metrics")
    assert refused.value.code == code


def test_an_answer_is_decoded(server: Answering) -> None:
    server.body = b'{"waiting": 3}'
    assert Client(Path("nowhere")).get("/queue/metrics", {"a": None}) == {"waiting": 3}


def test_without_a_key_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="anclora keys create"):
        Client(tmp_path).call("GET", "/queue/metrics")


def test_the_env_file_of_up_says_where_and_with_which_key(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# a comment\nexport ANCLORA_URL=http://127.0.0.1:1\nexport API_KEY=ak_y\n")
    client = Client(tmp_path)
    assert client.url == "http://127.0.0.1:1"
    with pytest.raises(UnavailableError, match="Start it with"):
        client.call("GET", "/queue/metrics")


def test_the_role_of_whoever_types_goes_along(
    server: Answering, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for role in ("viewer", None):
        monkeypatch.setenv("ANCLORA_ACTOR_ROLE", role or "")
        Client(tmp_path).call("GET", "/")
        assert server.role == role
