"""`anclora up` with an Evolution API server of somebody else: used, kept over a restart, or refused in words."""

import asyncio
import json
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from up_process import ANCLORA, Up, anclora, started, up

from anclora.cli.home import free_port
from anclora.supervise import answers_200
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)  # each starts everything
KEY = "the-servers-global-key"
_SLOW = {"instances": [{"name": "sales"}], "latency_ms": [150, 400]}


@dataclass
class Server:
    """A server that speaks Evolution API, started by somebody else."""

    url: str
    witness: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "EVOLUTION_API_URL": self.url,
            "EVOLUTION_API_KEY": KEY,
            "ANCLORA_DEFAULT_PACING": "sandbox",
        }

    def seen(self) -> Counter[str]:
        """How often each text went out."""
        lines = self.witness.read_text().splitlines() if self.witness.exists() else []
        return Counter(json.loads(line)["text"] for line in lines)


@pytest.fixture
def server(tmp_path: Path) -> Generator[Server, None, None]:
    port, script, witness = free_port(), tmp_path / "script.json", tmp_path / "seen.jsonl"
    script.write_text(json.dumps(_SLOW))
    words = ["sandbox", "--port", str(port), "--script", str(script), "--witness", str(witness), "--api-key", KEY]
    with started([ANCLORA, *words], quiet=True):
        server = Server(f"http://127.0.0.1:{port}", witness)
        asyncio.run(eventually(answers_200(f"{server.url}/")))
        yield server


async def submit(running: Up, texts: list[str]) -> None:
    drafts = [{"to": f"34600111{number:03d}", "text": text} for number, text in enumerate(texts)]
    async with (
        aiohttp.ClientSession(headers={"X-API-Key": running.env["API_KEY"]}) as session,
        session.post(f"{running.env['ANCLORA_URL']}/api/v1/messages/bulk", json={"messages": drafts}) as answer,
    ):
        assert answer.status == 202, await answer.text()


async def test_a_configured_server_is_used_and_a_stop_in_the_middle_loses_and_doubles_nothing(
    server: Server, tmp_path: Path
) -> None:
    data_dir, texts = tmp_path / "data", [f"#{number:02d}" for number in range(180)]
    limits = {"ANCLORA_CONNECTIONS": "8", "ANCLORA_SEND_SLOTS": "16"}
    with up(data_dir, server.env | limits) as running:
        assert f"Evolution API at {server.url}" in running.said
        assert (running.env["EVOLUTION_API_URL"], running.env["INSTANCE"]) == (server.url, "sales")
        assert not (data_dir / "logs" / "sandbox.log").exists()
        await submit(running, texts)

        async def some_went_out() -> bool:
            return len(server.seen()) >= 10

        await eventually(some_went_out)
        assert running.stop() == 0
        sent = running.env["API_KEY"], server.seen()
    assert 10 <= len(sent[1]) < len(texts)
    with up(data_dir, server.env | running.env) as again:
        assert again.env["API_KEY"] == sent[0]
        shown = json.loads(again.run("messages", "list", "--limit", "200", "--json").stdout)
        assert {"unknown", "dead", "failed"} & {each["state"] for each in shown} == set()
        assert len(shown) == len(texts)

        async def all_went_out() -> bool:
            return len(server.seen()) == len(texts)

        await eventually(all_went_out, timeout_seconds=120)
    assert server.seen() == Counter(texts)


async def test_its_own_file_is_recognised_and_its_own_servers_start_again(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        message = json.loads(first.run("send", "--to", "34600111222", "--text", "hola", "--json").stdout)["id"]
        older = first.env
        assert first.stop() == 0
    with up(tmp_path, older) as second:
        assert "sandbox (no message leaves this machine)" in second.said
        assert second.env["API_KEY"] == older["API_KEY"]
        assert json.loads(second.run("messages", "show", message, "--json").stdout)["id"] == message
        assert second.stop() == 0
    # A shell that loaded the file two starts ago has the ports of then.
    with up(tmp_path, older) as third:
        assert json.loads(third.run("messages", "show", message, "--json").stdout)["id"] == message


def test_a_wrong_key_says_which_setting_is_wrong(server: Server, tmp_path: Path) -> None:
    refused = anclora(
        "up",
        "--data-dir",
        str(tmp_path / "data"),
        "--port",
        str(free_port()),
        **server.env | {"EVOLUTION_API_KEY": "wrong"},
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"anclora: Evolution API at {server.url} does not accept EVOLUTION_API_KEY.")


def test_a_server_that_refuses_the_connection_is_named(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    env = {"EVOLUTION_API_URL": nobody, "EVOLUTION_API_KEY": KEY}
    refused = anclora("up", "--data-dir", str(tmp_path / "data"), "--port", str(free_port()), **env)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"anclora: {nobody} cannot be reached")


def test_an_address_without_a_key_says_which_setting_is_missing(tmp_path: Path) -> None:
    refused = anclora(
        "up", "--data-dir", str(tmp_path / "data"), "--port", str(free_port()), EVOLUTION_API_URL="http://127.0.0.1:1"
    )
    assert refused.returncode == 1
    assert "EVOLUTION_API_KEY is not" in refused.stderr
