"""`anclora up`: everything on this machine, until Ctrl-C."""

import asyncio
import os
import signal
from pathlib import Path

from anclora.cli.client import read_env
from anclora.cli.home import Home, child_env, free_port, new_secret, prepare, start_sandbox
from anclora.cli.show import console
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError
from anclora.kit.settings import Settings, load_settings
from anclora.providers.registry import EVOLUTION, build
from anclora.storage.embedded import start_embedded
from anclora.supervise import Child, answers_200, family

_READY_SECONDS = 60.0
_SANDBOX = "sandbox"


def own_settings(settings: Settings, stored: dict[str, str]) -> Settings:
    """The settings without what an earlier `up` wrote into its own env file: those servers are started again."""
    own = {
        field: None
        for field, name in (
            ("database_url", "DATABASE_URL"),
            ("redis_url", "REDIS_URL"),
            ("evolution_api_url", "EVOLUTION_API_URL"),
            ("evolution_api_key", "EVOLUTION_API_KEY"),
        )
        if getattr(settings, field) is not None and getattr(settings, field) == stored.get(name)
    }
    return settings.model_copy(update=own)


async def run(data_dir: Path, port: int) -> None:
    """Start everything, say where it is, and wait for Ctrl-C or SIGTERM."""
    data_dir = data_dir.resolve()  # noqa: ASYNC240 - once, before anything runs
    stored = read_env(data_dir)
    settings = own_settings(load_settings(), stored)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = await asyncio.to_thread(
        start_embedded, data_dir, postgres=settings.database_url is None, redis=settings.redis_url is None
    )
    try:
        async with family() as children:
            database_url = settings.database_url or servers.database_url
            redis_url = settings.redis_url or servers.redis_url
            key = await prepare(database_url, old_key=stored.get("API_KEY"))
            values = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "API_KEY": key}
            values["ANCLORA_URL"] = f"http://127.0.0.1:{port}"
            values |= await _provider(settings, data_dir, children, dict(values))
            write_env(data_dir, values)
            child = Home(data_dir=data_dir, env=_env(settings, values)).child("anclora", "serve", "--port", str(port))
            await child.start()
            children.append(child)
            ready = answers_200(f"http://127.0.0.1:{port}/health/ready")
            await child.wait_ready(ready, timeout_seconds=_READY_SECONDS)
            _say(data_dir, values, sandbox=settings.evolution_api_url is None)
            await _wait(stop, child)
    finally:
        await asyncio.to_thread(servers.stop)


def _env(settings: Settings, values: dict[str, str]) -> dict[str, str]:
    own = {name: value for name, value in values.items() if name != "API_KEY"}
    return child_env(settings, **own)


async def _provider(
    settings: Settings, data_dir: Path, children: list[Child], values: dict[str, str]
) -> dict[str, str]:
    if settings.evolution_api_url:
        url, key = settings.evolution_api_url, settings.evolution_api_key or ""
        return {"EVOLUTION_API_URL": url, "EVOLUTION_API_KEY": key, "INSTANCE": await _first_instance(settings)}
    port, key = free_port(), new_secret()
    home = Home(data_dir=data_dir, env=_env(settings, values))
    await start_sandbox(home, children, port=port, key=key, script={"instances": [{"name": _SANDBOX}]})
    return {"EVOLUTION_API_URL": f"http://127.0.0.1:{port}", "EVOLUTION_API_KEY": key, "INSTANCE": _SANDBOX}


async def _first_instance(settings: Settings) -> str:
    """The first number of a real server; a wrong key or a refused connection stops the start with its own sentence."""
    providers = build(settings, SystemClock())
    try:
        found = await providers[EVOLUTION].list_instances()
    finally:
        await providers.close()
    return found[0].name if found else ""


def write_env(data_dir: Path, values: dict[str, str]) -> None:
    """Write `<data-dir>/env`, readable by its owner only."""
    path = data_dir / "env"
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"export {name}={value}\n" for name, value in values.items())
    new.replace(path)


def _say(data_dir: Path, values: dict[str, str], *, sandbox: bool) -> None:
    console.print(f"[bold]Anclora is up: {values['ANCLORA_URL']}[/bold]", highlight=False)
    console.print(f"  API key    {values['API_KEY']}", highlight=False)
    provider = (
        "sandbox (no message leaves this machine)" if sandbox else f"Evolution API at {values['EVOLUTION_API_URL']}"
    )
    console.print(f"  provider   {provider}", highlight=False)
    console.print(f"  number     {values['INSTANCE'] or 'none yet'}", highlight=False)
    console.print(f"  data       {data_dir}", highlight=False)
    console.print(f"  load it    source {data_dir / 'env'}", highlight=False)
    console.print("  try        .venv/bin/anclora send --to 34600111222 --text hola", highlight=False)
    console.print("[dim]Ctrl-C stops it.[/dim]")


async def _wait(stop: asyncio.Event, child: Child) -> None:
    stopping = asyncio.create_task(stop.wait())
    ending = asyncio.create_task(child.wait())
    done, pending = await asyncio.wait({stopping, ending}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if ending in done and not stop.is_set():
        raise AncloraError(f"The server ended. Its last words:\n{child.last_words()}", code="server_ended")
