"""`anclora ops morning|evening|weekly|monthly|pre-deploy|post-deploy|history`: the operator's routines."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from anclora.cli.actor import actor
from anclora.cli.client import read_env
from anclora.cli.ops_fix import Offer, offer_all
from anclora.cli.ops_show import show_history, show_run
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json
from anclora.kit.errors import SetupError
from anclora.kit.logging import configure_logging
from anclora.kit.settings import Settings, env_name, load_settings
from anclora.playbook import BOOK, Checklist, Playbook, Run, is_red, post, recent_runs
from anclora.reports import Lang, names_of
from anclora.runtime import open_runtime, playbook_of

app = typer.Typer(no_args_is_help=True, help="The operator's routines: measured, judged, written down.")
T = TypeVar("T")


class Language(StrEnum):
    """Of the words."""

    ES = "es"
    EN = "en"


Explain = Annotated[bool, typer.Option("--explain", help="Show the evidence of every check.")]
Post = Annotated[str | None, typer.Option(help="Channels that are told: slack,email.")]
Fix = Annotated[bool, typer.Option("--fix", help="Offer the safe action of each finding, one by one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --fix: say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="With --fix: approve what is offered.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 for what is not set up too.")]
BaseUrl = Annotated[str | None, typer.Option(help="A running server whose health, doors and figures are looked at.")]
LangOption = Annotated[
    Language | None, typer.Option("--lang", help="Of the words; ANCLORA_REPORT_LANGUAGE by default.")
]


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    checklist: Checklist
    explain: bool
    channels: str | None
    fix: bool
    dry_run: bool
    yes: bool
    strict: bool
    base_url: str | None
    lang: Language | None
    data_dir: Path
    as_json: bool
    commit: str | None = None


def _command(checklist: Checklist, text: str) -> None:
    """Make a routine a command; all take the same options."""

    def command(
        explain: Explain = False,
        post: Post = None,
        fix: Fix = False,
        dry_run: DryRun = False,
        yes: Yes = False,
        strict: Strict = False,
        base_url: BaseUrl = None,
        lang: LangOption = None,
        data_dir: DataDir = DEFAULT_DATA_DIR,
        as_json: AsJson = False,
    ) -> None:
        _run(
            _Wish(
                checklist=checklist,
                explain=explain,
                channels=post,
                fix=fix,
                dry_run=dry_run,
                yes=yes,
                strict=strict,
                base_url=base_url,
                lang=lang,
                data_dir=data_dir,
                as_json=as_json,
            )
        )

    command.__doc__ = text
    app.command(checklist.value)(command)


_command(Checklist.MORNING, "10:00: health, figures, backlog, error logs, Sentry, numbers, dead letters, last backup.")
_command(Checklist.EVENING, "18:00: the report, key figures, alerts, the backup of today, incidents.")
_command(Checklist.WEEKLY, "Mondays 10:00: delivery trend, old logs, slow commands, disk.")
_command(Checklist.MONTHLY, "The 1st, 10:00: restore drill, old API keys, growth, capacity.")


@app.command("pre-deploy")
def pre_deploy(
    commit: Annotated[str | None, typer.Option(help="What is deployed; by default the HEAD of this folder.")] = None,
    explain: Explain = False,
    post: Post = None,
    base_url: BaseUrl = None,
    lang: LangOption = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The gate: CI, review, staging, monitoring, way back. What cannot be seen closes it too."""
    _run(
        _Wish(
            checklist=Checklist.PRE_DEPLOY,
            explain=explain,
            channels=post,
            fix=False,
            dry_run=False,
            yes=False,
            strict=True,
            base_url=base_url,
            lang=lang,
            data_dir=data_dir,
            as_json=as_json,
            commit=commit or _head(),
        )
    )


_command(Checklist.POST_DEPLOY, "Health, doors, error rate, error logs, backlog of what runs now.")


@app.command()
def history(
    checklist: Annotated[Checklist | None, typer.Argument(help="Only of this routine.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many runs.")] = 20,
    lang: LangOption = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The last runs, each with what was not green; --json has the evidence."""
    settings = _settings(data_dir)
    runs = _with_book(settings, None, None, lambda book: recent_runs(book.parts.db, checklist, limit))
    if as_json:
        show_json([_document(run) for run in runs])
    else:
        show_history(runs, _lang(lang, settings), settings.timezone)


def _run(wish: _Wish) -> None:
    if (wish.yes or wish.dry_run) and not wish.fix:
        raise typer.BadParameter("--yes and --dry-run say how --fix goes about it: give --fix too.")
    if wish.fix and wish.as_json and not (wish.yes or wish.dry_run):
        raise typer.BadParameter("With --json nobody can be asked: give --fix with --yes or --dry-run.")
    settings = _settings(wish.data_dir)
    if _with_book(settings, wish.base_url, wish.commit, lambda book: _work(book, wish)):
        raise typer.Exit(1)


async def _work(book: Playbook, wish: _Wish) -> bool:
    """Run, tell, mend; whether somebody has to look."""
    lang, document = _lang(wish.lang, book.parts.settings), dict[str, Any]()
    run = await _ran(book, wish, lang, document, explain=wish.explain)
    if wish.channels is not None:
        async with book.parts.db.transaction() as conn:
            told = await post(conn, book.parts, names_of(wish.channels), run)
        document["posted"] = list(told.fresh)
        if not wish.as_json:
            console.print(f"On its way to {', '.join(told.fresh)}. How that goes: anclora report told")
    if wish.fix:
        offer = Offer(dry_run=wish.dry_run, yes=wish.yes, quiet=wish.as_json)
        plans, done = await offer_all(book, wish.checklist, run, offer, actor=actor())
        document |= {"plans": msgspec.to_builtins(plans), "fixes": msgspec.to_builtins(done)}
        if done:
            document["after"] = after = dict[str, Any]()
            run = await _ran(book, wish, lang, after, explain=False)
    if wish.as_json:
        show_json(document)
    return is_red(BOOK[wish.checklist], run.results, strict=wish.strict)


async def _ran(book: Playbook, wish: _Wish, lang: Lang, document: dict[str, Any], *, explain: bool) -> Run:
    run = await book.run(wish.checklist, actor=actor())
    document |= _document(run)
    if not wish.as_json:
        show_run(run, lang, book.parts.settings.timezone, explain=explain)
    return run


def _document(run: Run) -> dict[str, Any]:
    """A run for programs: each result with what the book says of it."""
    checks = {check.id: check for check in BOOK[run.checklist].check}
    found = msgspec.to_builtins(run)
    found["good"] = not is_red(BOOK[run.checklist], run.results)
    found["results"] = [
        {**msgspec.to_builtins(checks[each["check"]]), **each} if each["check"] in checks else each
        for each in found["results"]
    ]
    return found


def _with_book(
    settings: Settings, base_url: str | None, commit: str | None, work: Callable[[Playbook], Awaitable[T]]
) -> T:
    configure_logging("ERROR")  # what the routines say is their table

    async def run() -> T:
        async with open_runtime(settings) as runtime:
            return await work(playbook_of(runtime, base_url=base_url, commit=commit))

    return asyncio.run(run())


def _settings(data_dir: Path) -> Settings:
    """The settings, and where nothing says otherwise those of the `anclora up` in this data directory."""
    stored = read_env(data_dir)
    names = ("database_url", "redis_url", "evolution_api_url", "evolution_api_key", "url")
    given = load_settings(data_dir=data_dir)
    lacking = {name: stored.get(env_name(name)) for name in names if getattr(given, name) is None}
    settings = load_settings(data_dir=data_dir, **{name: value for name, value in lacking.items() if value})
    if settings.database_url is None:
        raise SetupError("There is no database. Start `anclora up`, or set DATABASE_URL.")
    return settings


def _lang(given: Language | None, settings: Settings) -> Lang:
    if given is None:
        return settings.report_language
    return "es" if given is Language.ES else "en"


def _head() -> str | None:
    """The commit of this folder; None where there is none."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the operator's own
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
