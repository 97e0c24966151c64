"""`anclora backup run|list|verify|restore|prune|key`: works on servers and target themselves, as `keys` does."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from anclora import backups
from anclora.backups import Kind, Manifest, Tier, Verified
from anclora.backups.errors import RefusedError
from anclora.backups.house import kinds_of
from anclora.cli.backup_work import (
    bring_back,
    found_settings,
    house_of,
    list_all,
    make_all,
    open_servers,
    prove_all,
    recover,
)
from anclora.cli.client import read_env
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.cli.up import own_settings, read_own
from anclora.kit.errors import InvalidError
from anclora.kit.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Backups: made, proved by restoring them, brought back, let go.")
_MADE, _LISTED = ("name", "size", "server"), ("name", "size", "server", "problem")
_PAUSED = (
    "Everything is paused. Start the product and look at what waits: it may have gone out after the backup was made. "
    "Then: anclora queue resume --all"
)
_NARROW = "\N{NO-BREAK SPACE}"
_PROVED = ("name", "rows", "seconds", "verdict")
Which = Annotated[str, typer.Argument(help="Its name, as `backup list` prints it, or a kind: the newest of that.")]


@app.command()
def run(
    kind: Annotated[list[Kind] | None, typer.Option(help="Only this; may be given several times.")] = None,
    tier: Annotated[
        Tier, typer.Option(help="Decides how long it is kept; manual ones until somebody removes them.")
    ] = (Tier.MANUAL),
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make backups now; one that fails keeps no other from being made."""
    with house_of(found_settings(data_dir)) as house:
        made, failed = asyncio.run(make_all(house, kind or list(kinds_of(house.settings)), tier, quiet=as_json))
    if as_json:
        show_json({"made": [msgspec.to_builtins(each) for each in made], "failed": failed})
    else:
        show_rows([_line(each) for each in made], _MADE, as_json=False, empty="Nothing was made.")
        for name, words in failed.items():
            console.print(f"{name}: {words}", markup=False, style="red")
    if failed or not made:
        raise typer.Exit(1)


@app.command("list")
def find(
    kind: Annotated[Kind | None, typer.Option(help="Only this.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Every backup there is, the newest of a folder last; 1 = one of them is not whole."""
    with house_of(found_settings(data_dir)) as house:
        found, moments = asyncio.run(list_all(house))
    shown = [each for each in found if kind is None or each.name.startswith(f"{kind}/")]
    rows = [
        (_line(each.manifest) if each.manifest else {"name": each.name}) | {"problem": each.problem} for each in shown
    ]
    show_rows(rows, _LISTED, as_json=as_json, empty="There is no backup yet. Make one: anclora backup run")
    if moments and not as_json:
        console.print(f"Any instant from {moments[0]:%Y-%m-%dT%H:%M:%SZ} to {moments[1]:%Y-%m-%dT%H:%M:%SZ}.")
    if any(each.problem for each in shown):
        raise typer.Exit(1)


@app.command()
def verify(
    which: Annotated[
        str | None, typer.Argument(help="A name or a kind, as of `backup restore`; the newest of each kind by default.")
    ] = None,
    smoke: Annotated[bool, typer.Option(help="Send a message through a restored ledger, in a sandbox.")] = True,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Restore backups into servers of a moment and compare; 1 = one did not come back as it was."""
    with house_of(found_settings(data_dir)) as house:
        proved = asyncio.run(prove_all(house, which, smoke=smoke, quiet=as_json))
    rows = [msgspec.to_builtins(each) | {"verdict": _verdict(each)} for each in proved]
    show_rows(rows, _PROVED, as_json=as_json, empty="")
    if any(not each.good for each in proved):
        raise typer.Exit(1)


@app.command()
def restore(
    which: Which,
    into: Annotated[
        str | None,
        typer.Option(
            help="Another database or Redis, as a URL, or a new file for a configuration; else the present one."
        ),
    ] = None,
    confirm: Annotated[
        str | None, typer.Option(help="The name of what may be replaced; asked for on a terminal.")
    ] = None,
    to_time: Annotated[
        str | None,
        typer.Option(help="Of postgres: the ledger of this instant (ISO, UTC; or latest), into a new data directory."),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Let what waits go out at once, instead of pausing everything.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back. It is proved first; what is there is replaced only when its name was typed, and kept."""
    if to_time is not None:
        _restore_instant(which, to_time, into, data_dir, send=send, as_json=as_json)
        return
    settings = own_settings(found_settings(data_dir, running=False), read_env(data_dir), read_own(data_dir))
    with house_of(settings) as house:
        manifest = asyncio.run(backups.find(house, which))
        with open_servers(house, manifest, into) as housed:
            try:
                done = bring_back(housed, manifest, into, confirm, send=send, quiet=as_json)
            except RefusedError as error:
                typed = _typed(error, asked=confirm is None and not as_json)
                if typed is None:
                    raise
                done = bring_back(housed, manifest, into, typed, send=send, quiet=as_json)
    show_facts(msgspec.to_builtins(done), as_json=as_json)
    if done.paused and not as_json:
        console.print(_PAUSED)


def _restore_instant(which: str, words: str, into: str | None, data_dir: Path, *, send: bool, as_json: bool) -> None:
    if which != Kind.POSTGRES:
        raise InvalidError("An instant can be restored of postgres: anclora backup restore postgres --to-time …")
    with house_of(found_settings(data_dir, running=False)) as house:
        done = recover(house, words, into, send=send, quiet=as_json)
    show_facts(msgspec.to_builtins(done), as_json=as_json)
    if not as_json:
        if done.paused:
            console.print(_PAUSED)
        console.print(f"Start it: ANCLORA_DATA_DIR={done.into} anclora up", markup=False)


@app.command()
def prune(
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Let go what is past its time (hourly 24 h, daily 7 days, weekly 4 weeks); never the newest good one of a kind."""
    with house_of(found_settings(data_dir)) as house:
        done = asyncio.run(backups.prune(house, dry=dry))
    if as_json:
        show_json(msgspec.to_builtins(done))
        return
    for name in (*done.removed, *done.unfinished):
        console.print(name, markup=False)
    said = "would go" if dry else "removed"
    counts = f"{len(done.removed)} backups, {len(done.unfinished)} unfinished, {done.segments} pieces of the log"
    console.print(f"{said}: {counts}, {_size(done.bytes)}")


@app.command()
def key(
    file: Annotated[Path | None, typer.Argument(help="The key file; ANCLORA_BACKUP_KEY_FILE by default.")] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Use a new key from now on; the old ones still open.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the file of keys that backups are encrypted with, or say which keys are in it. No key is ever shown."""
    path = file or load_settings().backup_key_file
    if path is None:
        raise InvalidError(
            "Say which file: anclora backup key FILE, or set ANCLORA_BACKUP_KEY_FILE.", code="no_key_file"
        )
    new = not path.exists()
    make = backups.make_key if new else backups.read_keyring
    keys = (backups.rotate_key if rotate else make)(path)
    show_facts({"file": str(path), "in_use": keys.current.id, "opens": " ".join(keys.ids)}, as_json=as_json)
    if (new or rotate) and not as_json:
        console.print(
            "Copy it to a place that neither this machine nor the bucket can lose: without it no backup opens."
        )


def _line(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "made_at": manifest.made_at.isoformat(),
        "size": _size(manifest.bytes),
        "bytes": manifest.bytes,
        "server": manifest.server,
        "key": manifest.key_id,
    }


def _verdict(proved: Verified) -> str:
    good = "good, and a message went through it" if proved.smoke else "good"
    return "; ".join(proved.wrong) or good


def _size(count: int) -> str:
    """Bytes as people read them."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1_000:
            return f"{size:.0f}{_NARROW}{unit}" if unit == "B" else f"{size:.1f}{_NARROW}{unit}"
        size /= 1_000
    return f"{size:.1f}{_NARROW}TB"


def _typed(error: RefusedError, *, asked: bool) -> str | None:
    """What a person at a terminal types to have something replaced; None = nobody is asked."""
    name = error.extra.get("confirm")
    if not asked or name is None or not sys.stdin.isatty():
        return None
    console.print(error.detail, markup=False)
    return str(typer.prompt("Its name"))
