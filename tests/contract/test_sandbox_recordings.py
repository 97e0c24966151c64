"""The sandbox answers recorded requests as the recorded server did: same status, same body but for ids and times."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_report import GLOBAL_KEY, Recording, Report, exception, masked, recordings
from sandbox_stage import arrange, script_of, sent
from yarl import URL

from anclora.providers.sandbox import running_sandbox

RECORDINGS = recordings()
HELD = [recording for recording in RECORDINGS if exception(recording) is None]


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    result = Report(RECORDINGS)
    yield result
    terminal = request.config.get_terminal_writer()
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for line in ("", *result.lines()):
            terminal.line(line)


@pytest.mark.parametrize("recording", HELD, ids=str)
async def test_the_answer_is_the_recorded_one(recording: Recording, report: Report, tmp_path: Path) -> None:
    async with (
        running_sandbox(script_of(recording), tmp_path / "witness.jsonl", api_key=GLOBAL_KEY) as sandbox,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        arrange(sandbox.world, recording)
        url = URL(sandbox.url + recording.request["path"], encoded=True)
        headers, data = sent(recording)
        async with session.request(recording.request["method"], url, headers=headers, data=data) as answer:
            text = await answer.text()
            status = answer.status
    assert (status, comparable(recording, json.loads(text) if text else None)) == (
        recording.status,
        comparable(recording, recording.answer),
    )
    report.held[recording.group] += 1


def comparable(recording: Recording, body: Any) -> Any:
    """Masked; a token nobody chose counts as an id."""
    if "/instance/create" in recording.request["path"] and "token" not in (recording.request["body"] or {}):
        body = body | {"hash": "<str>"} if isinstance(body, dict) and "hash" in body else body
    return masked(body)


def test_most_of_what_is_played_was_recorded() -> None:
    groups = {recording.group for recording in HELD}
    assert groups >= {"root", "auth", "schema", "instance", "webhook_config", "send_evolution", "baileys_send", "chat"}
