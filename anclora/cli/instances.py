"""`anclora instances [sync|pacing|…]`: our numbers and whether they are connected."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from anclora.audit import record
from anclora.cli import gestures, numbers
from anclora.cli.actor import actor
from anclora.cli.client import Client, read_env
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.instances import Instance
from anclora.instances.register import connect_webhooks, register
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, SetupError
from anclora.kit.settings import Settings, load_settings
from anclora.providers.registry import EVOLUTION, build
from anclora.storage.database import Database, open_pool

app = typer.Typer(help="Our numbers: list them, make and pair them, mend them, learn them anew from the provider.")
for command in numbers.COMMANDS:
    app.command()(command)
gestures.add_to(app)
_THEIRS = ("quality", "tier", "throughput")
_COLUMNS = ("name", "status", "since", "owner", "reason")


@app.callback(invoke_without_command=True)
def instances(context: typer.Context, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Our numbers: whether each is connected, and since when."""
    if context.invoked_subcommand is not None:
        return
    answer = Client(data_dir).call("GET", "/api/whatsapp/instances")
    empty = "No number is known yet. Make one: anclora instances create NAME; or learn them: anclora instances sync"
    show_rows(answer["instances"], _COLUMNS, as_json=as_json, empty=empty)


@app.command()
def sync(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Ask the provider which numbers there are, and point their webhooks at us."""
    found = asyncio.run(_sync(data_dir))
    if as_json:
        show_json(found)
    else:
        show_rows(found, ("name", "state", "webhook"), as_json=False, empty="The provider has no number yet.")
    if any(each["webhook"] not in ("set", "") for each in found):
        console.print("Without its webhook a number sends, and no receipt reaches us.", style="bold")
        raise typer.Exit(1)


@app.command()
def pacing(
    name: Annotated[str, typer.Argument(help="The number's name.")],
    preset: Annotated[str | None, typer.Option(help="qr, cloud or sandbox.")] = None,
    per_minute: Annotated[float | None, typer.Option(help="Messages a minute; 0 = no limit.")] = None,
    per_day: Annotated[int | None, typer.Option(help="Messages in any 24 hours; 0 = no limit.")] = None,
    new_recipients_per_day: Annotated[int | None, typer.Option(help="Different people in any 24 hours.")] = None,
    gap_seconds: Annotated[float | None, typer.Option(help="Rest between two messages to one person.")] = None,
    jitter: Annotated[float | None, typer.Option(help="0 to 1: how uneven the intervals are.")] = None,
    burst: Annotated[int | None, typer.Option(help="Messages at once after a silence.")] = None,
    at_once: Annotated[int | None, typer.Option(help="Requests open at the provider.")] = None,
    first_day: Annotated[str | None, typer.Option(help="First day of the number, for the warm-up: 2026-01-31.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """How fast a number goes today; with options, change it while everything runs."""
    options = {
        "preset": preset,
        "per_minute": per_minute,
        "per_day": per_day,
        "new_recipients_per_day": new_recipients_per_day,
        "gap_seconds": gap_seconds,
        "jitter": jitter,
        "burst": burst,
        "at_once": at_once,
        "first_day": first_day,
    }
    given = {key: value for key, value in options.items() if value is not None}
    path = f"/api/v1/instances/{quote(name, safe='')}/pacing"
    view = Client(data_dir).call("PATCH", path, given) if given else Client(data_dir).call("GET", path)
    if as_json:
        show_json(view)
        return
    limits, own, theirs = view.pop("limits"), view.pop("overrides"), view.pop("provider")
    view["today"] = f"{view['today']} messages in 24 hours" if view["today"] else "no daily limit"
    view |= {f"provider_{key}": value for key, value in (theirs or {}).items() if key in _THEIRS}
    values = {key: _limit(key, value) for key, value in limits.items()}
    show_facts(view | {key: f"{text}  (own)" if key in own else text for key, text in values.items()}, as_json=False)


def _limit(name: str, value: Any) -> str:
    """A limit in words."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value == 0 and name not in ("jitter", "kept_share"):
        return "no limit"
    return f"{value:g}"


async def _sync(data_dir: Path) -> list[dict[str, Any]]:
    settings, public_url = _settings(data_dir)
    if settings.database_url is None:
        raise SetupError("There is no database. Start `anclora up`, or set DATABASE_URL.")
    providers = build(settings, SystemClock())
    db = Database(await open_pool(settings.database_url))
    known: list[Instance] = []
    failures: dict[str, AncloraError] = {}
    try:
        for name in providers or (EVOLUTION,):
            found = await register(db, name, providers[name], adopt=True)
            failures |= await connect_webhooks(db, found, providers[name], public_url=public_url)
            async with db.transaction() as connection:
                await record(
                    connection, actor=actor(), action="instance.sync", subject=name, detail={"count": len(found)}
                )
            known += found
    finally:
        await db.close()
        await providers.close()
    return [{"name": each.name, "state": each.state, "webhook": _webhook(each, failures)} for each in known]


def _webhook(instance: Instance, failures: Mapping[str, AncloraError]) -> str:
    if instance.name in failures:
        return failures[instance.name].detail
    return "" if instance.state == "missing" else "set"


def _settings(data_dir: Path) -> tuple[Settings, str]:
    """The environment's values, completed by what `up` wrote down; and where webhooks reach the server."""
    stored = read_env(data_dir)
    settings = load_settings()
    fields = ("database_url", "evolution_api_url", "evolution_api_key")
    missing = {name: stored.get(name.upper()) for name in fields if getattr(settings, name) is None}
    settings = settings.model_copy(update=missing)
    return settings, settings.public_url or stored.get("ANCLORA_URL") or "http://127.0.0.1:8000"
