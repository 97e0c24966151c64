"""`anclora sandbox --speaks graph`: a Graph of one's own, as a process, until it is told to stop."""

import signal
from pathlib import Path

import msgspec
import pytest

from anclora.cli.home import free_port
from anclora.kit.clock import SystemClock
from anclora.providers.cloud import CloudProvider
from anclora.providers.contract import Refused, Sent, Text
from anclora.providers.sandbox import read_witness
from anclora.providers.sandbox.graph_script import GraphScript
from anclora.supervise import Child, answers_200, command


@pytest.mark.timeout(300)
async def test_it_takes_messages_and_fails_as_its_script_says(tmp_path: Path) -> None:
    script, witness, port = tmp_path / "graph.json", tmp_path / "witness.jsonl", free_port()
    script.write_bytes(msgspec.json.encode({"faults": [{"kind": "error_131056", "text": "too fast"}]}))
    words = ("sandbox", "--speaks", "graph", "--port", str(port), "--script", str(script), "--witness", str(witness))
    child = Child("graph", command(*words), {"PYTHONUNBUFFERED": "1", "ANCLORA_ENV_FILE": ""}, tmp_path / "graph.log")
    await child.start()
    try:
        await child.wait_ready(answers_200(f"http://127.0.0.1:{port}/"), timeout_seconds=90.0)
        known = GraphScript()
        url = f"http://127.0.0.1:{port}/v24.0"
        provider = CloudProvider(url, known.token, account=known.account, verify_token="v", clock=SystemClock())
        (number,) = await provider.list_instances()
        outcomes = [
            await provider.send(number.name, "34600111222", Text(text=text), reference="R")
            for text in ("hola", "too fast")
        ]
        await provider.close()
    finally:
        await child.stop(timeout_seconds=60.0)
    assert [type(outcome) for outcome in outcomes] == [Sent, Refused]
    assert [each.text for each in read_witness(witness)] == ["hola"]
    assert await child.wait() in (0, -signal.SIGTERM)
