"""`anclora serve` by itself: it waits for a provider that is not there yet, and says why it does not start."""

from pathlib import Path

import pytest
from up_process import ANCLORA, anclora, started

from anclora.cli.home import free_port
from anclora.supervise import answers_200
from tests.waiting import eventually

KEY = "the-servers-global-key"


@pytest.mark.timeout(300)
async def test_a_provider_that_comes_late_is_learned_by_itself(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port, sandbox_port = free_port(), free_port()
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "EVOLUTION_API_URL": f"http://127.0.0.1:{sandbox_port}",
        "EVOLUTION_API_KEY": KEY,
    }
    lives, is_ready = (answers_200(f"http://127.0.0.1:{port}/health/{word}") for word in ("live", "ready"))
    with started([ANCLORA, "serve", "--port", str(port)], env, quiet=True):
        await eventually(lives, timeout_seconds=90)
        assert not await is_ready()
        words = ["--port", str(sandbox_port), "--api-key", KEY, "--witness", str(tmp_path / "seen.jsonl")]
        with started([ANCLORA, "sandbox", *words], quiet=True):
            await eventually(is_ready, timeout_seconds=90)


def test_without_its_servers_it_says_which_setting_is_missing() -> None:
    lost = anclora("serve", "--port", str(free_port()))
    assert (lost.returncode, "DATABASE_URL is not set" in lost.stderr) == (1, True)
