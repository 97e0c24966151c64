"""`anclora serve --role api|dispatch|work|all`: one process of the product, until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Generator
from typing import Annotated

import typer
import uvicorn
import uvloop

from anclora import __version__
from anclora.analytics.others import conversation_counts, conversion_counts
from anclora.api.app import create_app
from anclora.api.deps import Deps
from anclora.api.protocol import protocol_of
from anclora.api.side import create_side_app
from anclora.cli.home import claim_port
from anclora.cli.options import Port
from anclora.instances.register import connect_webhooks, register
from anclora.kit import collector
from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import AncloraError
from anclora.kit.logging import configure_logging, get_logger
from anclora.kit.reporting import start_reporting
from anclora.kit.settings import Settings, load_settings
from anclora.kit.tracing import start_tracing
from anclora.kit.watchdog import watchdog
from anclora.runtime import Runtime, open_runtime
from anclora.workers import Role, working

log = get_logger(__name__)
_HTTP_STOP_SECONDS = 10
# Longer than the idle time of what stands in front (60 s is common): whoever closes first must not be us, or a request
# that is just being written gets no answer.
_KEEP_ALIVE_SECONDS = 75
_REGISTER_BASE_SECONDS, _REGISTER_CAP_SECONDS = 1.0, 60.0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: this process has one place that decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def serve(
    role: Annotated[Role, typer.Option(help="What this process does.")] = Role.ALL,
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """One process of the product, until SIGTERM."""
    run(load_settings(), {role}, host=host, port=port)


async def _serve(settings: Settings, roles: set[Role], *, host: str, port: int) -> None:
    """Run the roles until a signal; then refuse new work, drain, and return."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with watchdog(settings.blocked_seconds):
        await _serve_roles(settings, roles, stop, host=host, port=port)


async def _serve_roles(settings: Settings, roles: set[Role], stop: asyncio.Event, *, host: str, port: int) -> None:
    async with open_runtime(settings) as runtime, working(runtime, roles):
        collector.settle()
        if roles & {Role.API, Role.ALL}:
            await _serve_http(runtime, stop, host=host, port=port)
        elif settings.metrics_port:
            await _serve_side(runtime, stop, host=host, port=settings.metrics_port)
        else:
            await stop.wait()


async def _serve_http(runtime: Runtime, stop: asyncio.Event, *, host: str, port: int) -> None:
    deps = Deps(
        db=runtime.db,
        access=runtime.access,
        book=runtime.book,
        submit=runtime.submit,
        inbound=runtime.inbound,
        queue=runtime.queue,
        settings=runtime.settings,
        files=runtime.files,
        heard_media=runtime.heard_media,
        clock=runtime.clock,
        version=__version__,
        started_at=runtime.clock.now(),
        providers=runtime.providers,
        ready=_Readiness(runtime, stop).reason,
        public_url=runtime.settings.public_url or f"http://127.0.0.1:{port}",
        replay=runtime.replay,
        conversations=conversation_counts,
        conversions=conversion_counts(currency=runtime.settings.currency, zone=runtime.settings.timezone),
        channels=runtime.channels,
        sources=runtime.sources,
        pulse=runtime.pulse,
        on_action=runtime.buttons,
        signals=runtime.signals,
    )
    config = uvicorn.Config(
        create_app(deps),
        host=host,
        port=port,
        loop="uvloop",
        http=protocol_of(deps),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        access_log=False,
        proxy_headers=False,  # nothing here asks where a caller is
        log_config=None,
        timeout_graceful_shutdown=_HTTP_STOP_SECONDS,
    )
    registering = asyncio.create_task(_register(runtime, port), name="register")
    try:
        await _until(stop, config, notice_seconds=runtime.settings.notice_seconds)
    finally:
        registering.cancel()
        await asyncio.gather(registering, return_exceptions=True)


async def _serve_side(runtime: Runtime, stop: asyncio.Event, *, host: str, port: int) -> None:
    """What a process without doors shows to whoever watches it."""
    app = create_side_app(
        version=__version__,
        started_at=runtime.clock.now(),
        clock=runtime.clock,
        ready=lambda: "The process is stopping." if stop.is_set() else None,
    )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=_HTTP_STOP_SECONDS,
    )
    await _until(stop, config, notice_seconds=0.0)


async def _until(stop: asyncio.Event, config: uvicorn.Config, *, notice_seconds: float) -> None:
    """Serve until the stop, and a little longer, so that whoever sends us work hears it; then let requests end."""
    server = _Server(config)
    serving = asyncio.create_task(server.serve(), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({serving}, timeout=notice_seconds)
    server.should_exit = True
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
    await serving


class _Readiness:
    """Whether work should come in. A number that is lost later keeps none away: what is accepted waits for it."""

    def __init__(self, runtime: Runtime, stop: asyncio.Event) -> None:
        self._runtime = runtime
        self._stop = stop
        self._started = False

    def reason(self) -> str | None:
        """Why no work should come in now, or None."""
        if self._stop.is_set():
            return "The process is stopping."
        connected = any(instance.state == "open" for instance in self._runtime.book.all)
        self._started = self._started or connected or not self._runtime.providers
        return None if self._started else "No number is connected yet."


async def _register(runtime: Runtime, port: int) -> None:
    """Learn the numbers of the provider and ask it for their events, again and again until it has answered."""
    public_url = runtime.settings.public_url or f"http://127.0.0.1:{port}"
    failures = 0
    while not await _registered(runtime, public_url):
        failures += 1
        await asyncio.sleep(backoff_seconds(failures, base=_REGISTER_BASE_SECONDS, cap=_REGISTER_CAP_SECONDS))


async def _registered(runtime: Runtime, public_url: str) -> bool:
    whole = True
    for name, provider in runtime.providers.items():  # one that is away keeps no other from being registered
        try:
            instances = await register(runtime.db, name, provider)
            whole = not await connect_webhooks(runtime.db, instances, provider, public_url=public_url) and whole
            await runtime.book.refresh(newer_than_seconds=runtime.clock.boot_seconds())
        except AncloraError as error:
            log.warning("instances_not_registered", provider=name, code=error.code, detail=error.detail)
            whole = False
    return whole


def run(settings: Settings, roles: set[Role], *, host: str, port: int) -> None:
    """Serve these roles, on uvloop."""
    configure_logging(settings.log_level)
    reports, traces = start_reporting(settings, version=__version__), start_tracing(version=__version__)
    if roles & {Role.API, Role.ALL}:
        claim_port(host, port)
    elif settings.metrics_port:
        claim_port(host, settings.metrics_port)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, roles, host=host, port=port))
    finally:
        for told in (traces, reports):
            if told is not None:
                told.close()
