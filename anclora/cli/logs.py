"""`anclora logs ship|clean|check|slow`: closed days go to a bucket and expire there; and the slow queries."""

import asyncio
import socket
from datetime import UTC
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from redis.asyncio import Redis, RedisCluster
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.text import Text

from anclora.cli.client import read_env
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.clock import SystemClock
from anclora.kit.errors import SetupError
from anclora.kit.settings import load_settings
from anclora.logs import LogStore, SlowQuery, slow_of_postgres, slow_of_redis
from anclora.logs import check as run_check
from anclora.logs import clean as run_clean
from anclora.logs import ship as run_ship
from anclora.logs.ship import local_logs

app = typer.Typer(no_args_is_help=True, help="Logs: ship closed days, clean the bucket, prove it; slow queries.")
_SHOWN = 10
_REDIS_SECONDS = 10.0

Really = Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be done.")]


@app.command()
def ship(
    folder: Annotated[
        Path | None, typer.Option(help="Where the log files of days lie; ANCLORA_LOG_DIR by default.")
    ] = None,
    really: Really = False,
    as_json: AsJson = False,
) -> None:
    """Closed days to the bucket, proved there by checksum; then what is old here goes."""
    settings = load_settings()
    place = folder or settings.log_dir
    if place is None:
        raise SetupError("Set ANCLORA_LOG_DIR to the folder of the log files, one a day: docs/howto/keep-logs.md")
    words = Console(stderr=True)
    with Progress(console=words, transient=True, disable=as_json or not words.is_terminal) as progress:
        task = progress.add_task("shipping", total=len(local_logs(place)[0]))
        done = run_ship(
            _store(),
            place,
            SystemClock().now(),
            host=socket.gethostname().partition(".")[0],
            local_days=settings.log_local_days,
            really=really,
            done=lambda: progress.advance(task),
        )
    if as_json:
        show_json(msgspec.to_builtins(done))
        return
    rows = [
        {"file": each.file, "what": _what(each.did, really=really), "here": _here(pruned=each.pruned, really=really)}
        for each in done.lines
    ]
    show_rows(rows, ("file", "what", "here"), as_json=False, empty=f"There is no log of a day in {place}.")
    for name in done.undated:
        console.print(f"{name}: its name has no day, so it is never shipped.", markup=False)
    _say_dry(really=really)


@app.command()
def clean(really: Really = False, as_json: AsJson = False) -> None:
    """Delete logs older than 90 days by the date in their key, and set the bucket's lifecycle rule where it lacks."""
    done = run_clean(_store(), SystemClock().now().astimezone(UTC).date(), really=really)
    if as_json:
        show_json(msgspec.to_builtins(done))
        return
    verb, was = ("deleted", "was") if really else ("would be deleted", "would be")
    size = sum(log.size_bytes for log in done.deleted) / 1e6
    console.print(f"{len(done.deleted):,} of {done.looked_at:,} logs {verb} ({size:,.1f} MB).")
    for log in done.deleted[:_SHOWN]:
        console.print(f"  {log.key}", markup=False, highlight=False)
    if len(done.deleted) > _SHOWN:
        console.print(f"  and {len(done.deleted) - _SHOWN:,} more")
    if done.rule:
        console.print(f"The lifecycle rule {was} set, since {done.rule}.", markup=False)
    _say_undated(done.undated)
    _say_dry(really=really)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Whether the lifecycle rule is there and nothing is older than 91 days; ends with 1 when not."""
    verdict = run_check(_store(), SystemClock().now().astimezone(UTC).date())
    if as_json:
        show_json(msgspec.to_builtins(verdict))
    else:
        facts = {
            "logs": f"{verdict.looked_at:,}",
            "oldest": verdict.oldest or "none",
            "lifecycle rule": verdict.why_not_expiring or "there",
            "older than 91 days": f"{len(verdict.too_old):,}",
        }
        show_facts(facts, as_json=False)
        _say_undated(verdict.undated)
        if not verdict.good:
            console.print(Text("Mend it: anclora logs clean --yes", style="red"))
    if not verdict.good:
        raise typer.Exit(1)


@app.command()
def slow(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many of each.")] = 10,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Slow queries of Redis and Postgres, never with what they were asked for, each with one sentence of advice."""
    of_redis = asyncio.run(_of_redis(data_dir, limit))
    of_postgres = with_database(data_dir, lambda db: slow_of_postgres(db, most=limit))
    if as_json:
        both = {"redis": msgspec.to_builtins(of_redis), "postgres": msgspec.to_builtins(of_postgres)}
        show_json({**both, "statements_counted": of_postgres is not None})
        return
    _show_slow("Redis", of_redis, "Its slow log is empty (slowlog-log-slower-than).")
    if of_postgres is None:
        text = (
            "It does not count statements here. Set shared_preload_libraries = 'pg_stat_statements', start it again, "
            "and: create extension pg_stat_statements"
        )
        _show_slow("Postgres", [], text)
    else:
        _show_slow("Postgres", of_postgres, "No statement was counted yet.")


async def _of_redis(data_dir: Path, limit: int) -> list[SlowQuery]:
    settings = load_settings()
    url = settings.redis_url or read_env(data_dir).get("REDIS_URL")
    if url is None:
        raise SetupError("There is no Redis. Start `anclora up`, or set REDIS_URL.")
    kind = RedisCluster if settings.redis_cluster else Redis
    client = kind.from_url(url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)
    try:
        return await slow_of_redis(client, most=limit)
    finally:
        await client.aclose()


def _show_slow(title: str, queries: list[SlowQuery], empty: str) -> None:
    console.print(f"[bold]{title}[/bold]")
    if not queries:
        console.print(Padding(Text(empty), (0, 0, 1, 2)), soft_wrap=False)
        return
    for each in queries:
        in_all = f"{each.total_ms / 1e3:,.1f} s in all"
        times = f"{each.calls:,} x {each.mean_ms:,.1f} ms, worst {each.worst_ms:,.1f} ms, {in_all}"
        console.print(Padding(Text.assemble((each.what, "bold"), f"\n{times}"), (0, 0, 0, 2)), soft_wrap=False)
        console.print(Padding(Text(each.advice, style="dim"), (0, 0, 1, 4)), soft_wrap=False)


def _store() -> LogStore:
    settings = load_settings()
    if settings.logs_bucket is None:
        raise SetupError("Set ANCLORA_LOGS_BUCKET to the S3 bucket of logs: docs/howto/keep-logs.md")
    return LogStore(settings.logs_bucket, settings.logs_prefix)


def _what(did: str, *, really: bool) -> str:
    return {"open": "its day is not over", "shipped": "shipped" if really else "would be shipped"}.get(did, did)


def _here(*, pruned: bool, really: bool) -> str:
    return ("removed here" if really else "would be removed here") if pruned else "stays here"


def _say_undated(keys: tuple[str, ...]) -> None:
    for key in keys[:_SHOWN]:
        console.print(f"{key}: its key begins with no day, so only the lifecycle rule removes it.", markup=False)
    if len(keys) > _SHOWN:
        console.print(f"and {len(keys) - _SHOWN:,} more without a day")


def _say_dry(*, really: bool) -> None:
    if not really:
        console.print("Nothing was changed. To do it: add --yes", style="dim")
