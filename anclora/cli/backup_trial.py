"""One message through a restored ledger: a sandbox of its own, the real dispatcher, and nothing else of the product.

`anclora backup verify` sends it here; a verification that runs by itself starts `main` as a process of its own.

Neither notices nor webhooks nor real numbers are touched: of all loops only those that send run, and what they send to
is the sandbox, in which no number is but the one of this trial.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from anclora.instances.register import register
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import running
from anclora.kit.logging import configure_logging
from anclora.kit.settings import Settings, load_settings
from anclora.messages.gates import GateChoice, resume
from anclora.messages.model import Draft
from anclora.messages.reconcile import Reconciler
from anclora.providers.registry import EVOLUTION
from anclora.providers.sandbox import Script, read_witness, running_sandbox
from anclora.providers.sandbox.script import Number
from anclora.runtime import open_runtime
from anclora.storage.embedded import Urls
from anclora.storage.partitions import ensure_partitions
from anclora.workers import dispatching

_NUMBER, _TO, _TEXT = "backup-trial", "34600000000", "A restored ledger sends."
_SECONDS, _LOOK_SECONDS, _STOP_SECONDS = 45.0, 0.05, 5.0


async def send_one(servers: Urls, settings: Settings) -> str:
    """Send a message; what went wrong, empty = it went out, once."""
    with tempfile.TemporaryDirectory(prefix="anclora-trial-") as folder:
        witness = Path(folder) / "witness.jsonl"
        try:
            async with running_sandbox(Script(instances=(Number(name=_NUMBER),)), witness) as sandbox:
                private = settings.model_copy(
                    update={
                        "database_url": servers.database_url,
                        "redis_url": servers.redis_url,
                        "redis_cluster": False,
                        "evolution_api_url": sandbox.url,
                        "evolution_api_key": sandbox.api_key,
                        "cloud_token": None,
                        "heartbeat_url": None,
                        "media_bucket": None,
                        "data_dir": Path(folder),
                        "default_pacing": "sandbox",
                    }
                )
                await _sent(private, witness)
        except AncloraError as error:
            return f"no message went through it: {error.detail}"
        except TimeoutError:
            return f"no message went through it within {_SECONDS:.0f} s"
        went = sum(sighting.text == _TEXT for sighting in read_witness(witness))
    return "" if went == 1 else f"one message went through it {went} times"


async def _sent(settings: Settings, witness: Path) -> None:
    async with open_runtime(settings) as runtime:
        async with runtime.db.transaction() as conn:
            await ensure_partitions(conn, runtime.clock.now())
        await register(runtime.db, EVOLUTION, runtime.providers[EVOLUTION])
        await resume(runtime.db, GateChoice(everything=True), actor="backup-trial")
        await runtime.book.refresh(newer_than_seconds=runtime.clock.boot_seconds())
        await Reconciler(runtime.db, runtime.queue, settings, runtime.clock).run_once()
        async with running([runtime.feeder], stop_timeout_seconds=_STOP_SECONDS), dispatching(runtime):
            draft = Draft(to=_TO, text=_TEXT, instance=_NUMBER, priority="high")
            await runtime.submit.submit("main", [draft])
            async with asyncio.timeout(_SECONDS):
                while True:
                    if any(sighting.text == _TEXT for sighting in read_witness(witness)):
                        return
                    await asyncio.sleep(_LOOK_SECONDS)


def main() -> None:
    """The same as a program: where the servers are on its input, what went wrong, as JSON, on its output."""
    configure_logging("ERROR")
    servers = msgspec.json.decode(sys.stdin.buffer.read(), type=Urls)
    wrong = asyncio.run(send_one(servers, load_settings()))
    sys.stdout.buffer.write(msgspec.json.encode(wrong))
