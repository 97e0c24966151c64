"""Run a sandbox: in a block of a program, or as a process of its own (`anclora sandbox`)."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import uvloop

from anclora.kit.clock import Clock, SystemClock
from anclora.kit.logging import get_logger
from anclora.providers.sandbox.bodies import row_id
from anclora.providers.sandbox.routes import Router
from anclora.providers.sandbox.script import Script
from anclora.providers.sandbox.wire import Server
from anclora.providers.sandbox.witness import Witness
from anclora.providers.sandbox.world import World

log = get_logger(__name__)


class Sandbox:
    """A running sandbox.

    Attributes:
        url: where it listens.
        api_key: its global key.
        world: its numbers, for a test that owns it.
    """

    def __init__(self, url: str, world: World) -> None:
        self.url = url
        self.api_key = world.api_key
        self.world = world


@contextlib.asynccontextmanager
async def running_sandbox(
    script: Script,
    witness: Path,
    *,
    api_key: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    webhook_url: str | None = None,
    webhook_headers: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Sandbox, None]:
    """A sandbox for the length of a block.

    Args:
        script: what it plays.
        witness: the file that learns what went out; appended to.
        api_key: the global key; made up when absent.
        host: to listen on.
        port: to listen on; 0 = a free one.
        webhook_url: set on every number from the start; without it each asks for its own.
        webhook_headers: sent with it.
        clock: where "now" comes from.

    Raises:
        OSError: the address is taken or the witness cannot be written.
    """
    file = Witness(witness)
    world = World(script, file, clock or SystemClock(), api_key=api_key or row_id())
    server = Server(Router(world))
    try:
        bound = await server.listen(host, port)
        world.url = f"http://{host}:{bound}"
        if webhook_url is not None:
            for instance in world.instances.values():
                wanted = {"enabled": True, "url": webhook_url, "headers": dict(webhook_headers or {})}
                world.set_webhook(instance, wanted, events=[])
        yield Sandbox(world.url, world)
    finally:
        await server.close()
        await world.close()
        file.close()


async def serve(
    host: str,
    port: int,
    script: Script,
    witness: Path,
    *,
    api_key: str | None = None,
    webhook_url: str | None = None,
    webhook_headers: Mapping[str, str] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; arguments as in `running_sandbox`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_sandbox(
        script,
        witness,
        api_key=api_key,
        host=host,
        port=port,
        webhook_url=webhook_url,
        webhook_headers=webhook_headers,
    ) as sandbox:
        log.info("sandbox_started", url=sandbox.url, instances=len(sandbox.world.instances))
        await stop.wait()
    log.info("sandbox_stopped")


def run_sandbox(
    script: Script,
    witness: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    webhook_url: str | None = None,
    webhook_headers: Mapping[str, str] | None = None,
) -> None:
    """`serve` for a program without an event loop: blocks until the process is told to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            serve(
                host,
                port,
                script,
                witness,
                api_key=api_key,
                webhook_url=webhook_url,
                webhook_headers=webhook_headers,
            )
        )
