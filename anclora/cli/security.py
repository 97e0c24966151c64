"""`anclora security audit|scan|verify`: holes in packages, code, files and settings; red where nobody could look."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from anclora.access.keys import list_keys
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, moment, show_facts, show_json
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, InvalidError, SetupError
from anclora.kit.settings import Settings, load_settings
from anclora.security import Check, Finding, Place, Report, Status, compare, keep, last, verify
from anclora.security import audit as run_audit
from anclora.security import scan as run_scan
from anclora.security.keys import check_keys, unseen_keys
from anclora.security.model import Difference
from anclora.security.reports import signed

app = typer.Typer(no_args_is_help=True, help="Security: holes in packages, code, files, settings and keys.")
_MOST_KEYS = 1_000
_UNSEEN_SHOWN = 5
_NO_KEY = "An audit is signed: set ANCLORA_AUDIT_KEY to a secret that stays the same. Make one: openssl rand -hex 32"

Code = Annotated[
    Path | None, typer.Option(help="Whose Python files are searched for bad habits; by default the program's own.")
]
Folder = Annotated[Path, typer.Option(help="Whose files are searched for secrets; of a git clone, those it tracks.")]


@app.command()
def audit(
    folder: Folder = Path(),
    code: Code = None,
    reports: Annotated[
        Path | None, typer.Option(help="Where audits are kept; by default security in the data directory.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Everything, signed and kept, beside the audit before it; ends with 1 when anything is found or cannot be seen."""
    settings = load_settings()
    key, kept = _key(settings), reports or data_dir / "security"
    place = _place(folder, code, data_dir)
    with _saying(as_json=as_json) as said:
        report = run_audit(
            place, SystemClock().now(), settings=settings, keys=_keys(data_dir, settings.key_days), said=said
        )
    difference = compare(report, last(kept), key)
    file = keep(report, key, kept)
    if as_json:
        changes = msgspec.to_builtins(difference)
        show_json({**signed(report, key), "good": report.good, "difference": changes, "file": str(file)})
    else:
        _show(report)
        _show_difference(difference)
        console.print(f"\nSigned and kept: {file}", markup=False)
    if not report.good or difference.doubt:
        raise typer.Exit(1)


@app.command()
def scan(folder: Folder = Path(), code: Code = None, as_json: AsJson = False) -> None:
    """Code and secrets only: no network, no database, nothing kept."""
    with _saying(as_json=as_json) as said:
        report = run_scan(_place(folder, code, DEFAULT_DATA_DIR), SystemClock().now(), said=said)
    if as_json:
        show_json({**msgspec.to_builtins(report), "good": report.good})
    else:
        _show(report)
    if not report.good:
        raise typer.Exit(1)


@app.command("verify")
def prove(
    file: Annotated[Path, typer.Argument(help="As `security audit` wrote it.")],
    as_json: AsJson = False,
) -> None:
    """Whether a kept audit is what was signed; ends with 1 when it is not."""
    report = verify(file, _key(load_settings()))
    facts = {
        "at": moment(report.at.isoformat()),
        "program": report.program,
        "findings": len(report.findings),
        "unseen": sum(len(check.unseen) for check in report.checks),
    }
    show_facts({"signature": "holds", **facts}, as_json=as_json)


def _key(settings: Settings) -> str:
    if settings.audit_key is None:
        raise SetupError(_NO_KEY)
    return settings.audit_key


def _place(folder: Path, code: Path | None, data_dir: Path) -> Place:
    for each in (folder, code):
        if each is not None and not each.is_dir():
            raise InvalidError(f"There is no folder {each}.", code="no_folder")
    place = Place(folder=folder, key_files=(Path(".env"), data_dir / "env"))
    return place if code is None else msgspec.structs.replace(place, package=code.resolve())


def _keys(data_dir: Path, most_days: int) -> Check:
    try:
        keys = with_database(data_dir, list_keys)
    except AncloraError as error:
        return unseen_keys(error.detail)
    check = check_keys(keys, SystemClock().now(), most_days=most_days)
    if len(keys) >= _MOST_KEYS:
        return msgspec.structs.replace(check, unseen=(f"keys older than the newest {_MOST_KEYS:,}",))
    return check


@contextlib.contextmanager
def _saying(*, as_json: bool) -> Generator[Callable[[str], None], None, None]:
    """A line of what goes on, for people at a terminal only."""
    words = Console(stderr=True)
    if as_json or not words.is_terminal:
        yield lambda _: None
        return
    with words.status("looking") as status:
        yield status.update


def _show(report: Report) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("check", "looked at", "result"):
        table.add_column(title)
    for check in report.checks:
        table.add_row(check.name, f"{check.looked_at:,} {check.unit}", _result(check))
    console.print(table)
    for check in report.checks:
        if check.findings or check.unseen:
            console.print(f"\n[bold]{check.name}[/bold]")
        for finding in check.findings:
            _show_finding(finding)
        for why in check.unseen[:_UNSEEN_SHOWN]:
            _indented(Text(f"could not look: {why}", style="red"), 2)
        if len(check.unseen) > _UNSEEN_SHOWN:
            _indented(Text(f"and {len(check.unseen) - _UNSEEN_SHOWN:,} more (--json names them)"), 2)


def _result(check: Check) -> Text:
    if check.status is Status.OK:
        return Text("ok", style="green")
    parts = [f"{len(check.findings):,} found"] if check.findings else []
    parts += [f"{len(check.unseen):,} not seen"] if check.unseen else []
    return Text(", ".join(parts), style="red")


def _show_finding(finding: Finding) -> None:
    _indented(Text.assemble((finding.where, "bold"), "  ", finding.what), 2)
    _indented(Text(finding.advice, style="dim"), 4)


def _indented(text: Text, columns: int) -> None:
    console.print(Padding(text, (0, 0, 0, columns)), soft_wrap=False)


def _show_difference(difference: Difference) -> None:
    if difference.doubt:
        console.print(Text(f"\nNot compared: {difference.doubt}", style="red"))
    elif difference.since is None:
        console.print("\nThis is the first audit here: there is none to compare it with.")
    else:
        since = moment(difference.since.isoformat())
        console.print(
            f"\nSince {since}: {len(difference.new)} new, {len(difference.gone)} gone, {difference.staying} staying."
        )
        for sign, findings in (("+", difference.new), ("-", difference.gone)):
            for finding in findings:
                _indented(Text(f"{sign} {finding.where}  {finding.what}"), 2)
