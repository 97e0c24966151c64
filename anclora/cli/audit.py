"""`anclora audit list|verify`: who changed what, and whether the trail is what was written."""

from typing import Annotated

import msgspec
import typer

from anclora import audit
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows
from anclora.kit.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="The audit trail: who changed what, and the proof that it is whole.")
_COLUMNS = ("at", "actor", "action", "subject")


@app.command("list")
def find(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, the newest first.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The latest changes, the newest first; --json has what each was about."""
    found = with_database(data_dir, lambda db: audit.recent(db, limit))
    rows = [msgspec.to_builtins(entry) for entry in found]
    show_rows(rows, _COLUMNS, as_json=as_json, empty="Nothing was changed yet.")


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(help="A head noted before, PLACE:HASH: shows that the end was not cut off.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Compute every link of the chain anew; ends with 1 when the past was changed."""
    expected = audit.head_of(head) if head else None
    done = with_database(data_dir, lambda db: audit.verify(db, SystemClock().now(), expected=expected))
    if as_json:
        show_json({**msgspec.to_builtins(done), "head": str(done.head)})
    else:
        for finding in done.findings:
            console.print(finding, markup=False, style="red")
        whole = "is not what was written" if done.findings else "is what was written"
        console.print(f"The trail of {done.facts:,} facts {whole}. Its head, to be noted elsewhere:")
        console.print(str(done.head), markup=False, highlight=False)
    if done.findings:
        raise typer.Exit(1)
