"""`anclora up`: everything on this machine, until Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from anclora.cli.client import read_env
from anclora.cli.home import Home, child_env, claim_port, free_port, new_secret, prepare, start_sandbox
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, Port
from anclora.cli.show import console, show_json
from anclora.kit.clock import SystemClock
from anclora.kit.settings import Settings, load_settings
from anclora.providers.registry import EVOLUTION, build
from anclora.storage.embedded import start_embedded
from anclora.supervise import Child, answers_200, family, keep

_READY_SECONDS = 240.0
_SANDBOX = "sandbox"
_SERVERS = ("DATABASE_URL", "REDIS_URL", "EVOLUTION_API_URL", "EVOLUTION_API_KEY")
_OWN = "# Started by `anclora up` itself:"


def up(port: Port = 8000, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Everything on this machine: private servers, a sandbox unless Evolution API is configured, and the product."""
    asyncio.run(run(data_dir, port, as_json=as_json))


def own_settings(settings: Settings, stored: Mapping[str, str], own: Collection[str]) -> Settings:
    """The settings without what an earlier `up` wrote of its own servers into its env file: those are started again.

    A server of ours is known by its secret, since its port changes from start to start.

    Args:
        settings: as read; a shell that loaded the env file passes its values on.
        stored: the values of the file.
        own: the names among them that are servers of its own; the others were given, and stay.
    """
    ours: list[str] = []
    if "DATABASE_URL" in own and _password(settings.database_url) == _password(stored["DATABASE_URL"]):
        ours.append("database_url")
    if "REDIS_URL" in own and _password(settings.redis_url) == _password(stored["REDIS_URL"]):
        ours.append("redis_url")
    if "EVOLUTION_API_KEY" in own and settings.evolution_api_key == stored["EVOLUTION_API_KEY"]:
        ours += ["evolution_api_url", "evolution_api_key"]
    return settings.model_copy(update=dict.fromkeys(ours))


def _password(url: str | None) -> str | None:
    return urlsplit(url).password if url else None


async def run(data_dir: Path, port: int, *, as_json: bool = False) -> None:
    """Start everything, say where it is, and wait for Ctrl-C or SIGTERM.

    Raises:
        SetupError: the port or the data directory is in use, or a server does not start.
        AncloraError: the provider's own sentence; or the server ends again and again.
    """
    claim_port("127.0.0.1", port)
    data_dir = data_dir.resolve()  # noqa: ASYNC240 - once, before anything runs
    stored = read_env(data_dir)
    own = read_own(data_dir)
    settings = own_settings(load_settings(), stored, own)
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
            old_key = stored.get("EVOLUTION_API_KEY") if "EVOLUTION_API_KEY" in own else None
            values |= await _provider(settings, data_dir, children, dict(values), old_key=old_key)
            write_env(data_dir, values, [name for name in _SERVERS if getattr(settings, name.lower()) is None])
            child = Home(data_dir=data_dir, env=_env(settings, values)).child("anclora", "serve", "--port", str(port))
            await child.start()
            children.append(child)
            ready = answers_200(f"http://127.0.0.1:{port}/health/ready")
            await child.wait_ready(ready, timeout_seconds=_READY_SECONDS)
            if as_json:
                show_json(values)
            else:
                _say(data_dir, values, sandbox=settings.evolution_api_url is None)
            await keep(child, stop)
    finally:
        await asyncio.to_thread(servers.stop)


def _env(settings: Settings, values: dict[str, str]) -> dict[str, str]:
    own = {name: value for name, value in values.items() if name != "API_KEY"}
    if settings.evolution_api_url is None and settings.cloud_token is None:  # nobody's phone is at the other end
        own["ANCLORA_DEFAULT_PACING"] = "sandbox"
    return child_env(settings, **own)


async def _provider(
    settings: Settings, data_dir: Path, children: list[Child], values: dict[str, str], *, old_key: str | None
) -> dict[str, str]:
    if settings.evolution_api_url:
        url, key = settings.evolution_api_url, settings.evolution_api_key or ""
        return {"EVOLUTION_API_URL": url, "EVOLUTION_API_KEY": key, "INSTANCE": await _first_instance(settings)}
    # Kept from start to start, so that a shell which loaded an older env file is still recognised.
    port, key = free_port(), old_key or new_secret()
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


def read_own(data_dir: Path) -> list[str]:
    """The names in `<data-dir>/env` that are servers `up` started itself."""
    path = data_dir / "env"
    first = path.read_text().partition("\n")[0] if path.exists() else ""
    return [name for name in first.removeprefix(_OWN).split() if name in _SERVERS] if first.startswith(_OWN) else []


def write_env(data_dir: Path, values: dict[str, str], own: Sequence[str]) -> None:
    """Write `<data-dir>/env`, readable by its owner only; its first line names the servers of our own."""
    path = data_dir / "env"
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{_OWN} {' '.join(own)}\n")
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
