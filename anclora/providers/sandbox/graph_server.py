"""The Graph simulator as a process of its own: `anclora sandbox --speaks graph`."""

import asyncio
import signal
from pathlib import Path

import uvloop

from anclora.kit.logging import get_logger
from anclora.providers.sandbox.graph import running_graph
from anclora.providers.sandbox.graph_script import GraphScript

log = get_logger(__name__)


async def serve(script: GraphScript, witness: Path, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_graph(script, witness, host=host, port=port) as graph:
        log.info("graph_started", url=graph.url, account=script.account, numbers=len(script.numbers))
        await stop.wait()
    log.info("graph_stopped")


def run_graph(script: GraphScript, witness: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
    """`serve` for a program without an event loop: blocks until the process is told to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(script, witness, host=host, port=port))
