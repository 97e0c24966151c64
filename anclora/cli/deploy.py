"""`anclora deploy status|verify|rotate|rollback`: what runs on ECS, whether it is good, and fresh or former tasks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from anclora.cli.actor import actor
from anclora.cli.database import with_database
from anclora.cli.deploy_show import show_rolled_back, show_rotated, show_status, show_verified, show_waiting
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_json
from anclora.cli.smoke import smoke_number
from anclora.deploy import Ecs, Figures, Waits
from anclora.deploy import rollback as go_back
from anclora.deploy import rotate as turn
from anclora.deploy import status as look
from anclora.deploy import verify as prove
from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError
from anclora.kit.settings import load_settings
from anclora.smoke import Asked

app = typer.Typer(no_args_is_help=True, help="Deploys on ECS: what runs, whether it is good, and the way back.")
_CLOCK = SystemClock()
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def _waits(minutes: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of waiting, `minutes` for a deployment unless somebody says more, as one `waits`."""
    options = (
        ("wait_minutes", minutes, typer.Option(min=0, max=240, help="So long for a deployment to be complete.")),
        ("look_seconds", 10.0, typer.Option(min=0.1, max=300, help="Between two looks.")),
    )

    def have(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def waiting(*, wait_minutes: float, look_seconds: float, **given: Any) -> None:
            command(waits=Waits(stable=wait_minutes * 60, look=look_seconds), **given)

        known = signature(command)
        own = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[float, option])
            for name, default, option in options
        ]
        others = {name: each.replace(kind=Parameter.KEYWORD_ONLY) for name, each in known.parameters.items()}
        del others["waits"]
        place = list(others).index("data_dir")
        together = [*list(others.values())[:place], *own, *list(others.values())[place:]]
        waiting.__signature__ = known.replace(parameters=together)  # pyright: ignore[reportAttributeAccessIssue]
        return waiting

    return have


@app.command()
def status(
    keep: Annotated[
        Path | None, typer.Option(help="File for what the tasks did until now; verify compares with it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What runs: deployments, tasks, images; ends with 1 when something is not as it should be."""
    found = asyncio.run(look(_ecs()))
    if keep is not None:
        _write(keep, msgspec.json.encode(found.figures))
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_status(found)
    if found.findings:
        raise typer.Exit(1)


@app.command()
@_waits(20.0)
def verify(
    waits: Waits,
    digest: Annotated[str, typer.Option(help="The image that should run: sha256:…")],
    before: Annotated[Path | None, typer.Option(help="What status --keep wrote before the deployment.")] = None,
    minutes: Annotated[float, typer.Option(min=0, max=240, help="So long it is watched; 0 = only the digest.")] = 15.0,
    roll_back: Annotated[
        bool, typer.Option("--roll-back/--stay", help="Go back to the revision before when it is judged bad.")
    ] = False,
    smoke_to: Annotated[
        str | None, typer.Option(help="A test number of yours: every path is tried first, as by `anclora smoke`.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Wait for a deployment, assert its digest, and judge it against what ran before; 0 = it is good."""
    if not digest.startswith("sha256:"):
        raise InvalidError("A digest is written sha256:…, as the workflow shows it.", code="invalid_digest")
    figures = _read(before) if before is not None else None
    asked = None if smoke_to is None else Asked(env=load_settings().ecs_cluster, to=smoke_number(smoke_to))
    waits = msgspec.structs.replace(waits, window=minutes * 60)
    found = with_database(
        data_dir,
        lambda db: prove(
            db,
            _ecs(),
            _CLOCK,
            waits,
            actor=actor(),
            digest=digest,
            before=figures,
            asked=asked,
            roll_back=roll_back,
            say=show_waiting,
        ),
    )
    if as_json:
        show_json({**msgspec.to_builtins(found), "is_good": found.is_good})
    else:
        show_verified(found)
    if not found.is_good:
        raise typer.Exit(1)


@app.command()
@_waits(60.0)
def rotate(
    waits: Waits,
    keep: Annotated[
        Path | None, typer.Option(help="Folder for what the tasks show before they go; in the data directory.")
    ] = None,
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """A fresh task for each, one at a time: the new one is up before the old one drains; their figures are kept."""
    folder = keep or data_dir / "rotations" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    found = with_database(
        data_dir, lambda db: turn(db, _ecs(), _CLOCK, waits, actor=actor(), keep=folder, dry_run=dry_run)
    )
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_rotated(found)
    if found.findings:
        raise typer.Exit(1)


@app.command()
@_waits(20.0)
def rollback(
    waits: Waits,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")],
    to: Annotated[int | None, typer.Option(min=1, help="Number of a revision; the one before by default.")] = None,
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Back to the revision before, also in the middle of a deployment; ends when it runs."""
    found = with_database(
        data_dir,
        lambda db: go_back(db, _ecs(), _CLOCK, waits, actor=actor(), reason=reason, to=to, dry_run=dry_run),
    )
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_rolled_back(found)
    if found.findings:
        raise typer.Exit(1)


def _ecs() -> Ecs:
    settings = load_settings()
    return Ecs(settings.ecs_cluster, settings.ecs_service)


def _write(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as error:
        raise InvalidError(f"{path} cannot be written: {error.strerror or error}.") from error


def _read(path: Path) -> Figures | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Figures | None)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidError(f"{path} is not what `anclora deploy status --keep` writes: {error}.") from error
