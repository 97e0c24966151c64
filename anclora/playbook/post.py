"""Handing a run to people, by exception: one line that sums it up, and what is not green."""

from collections.abc import Sequence

from anclora.kit.severity import Severity
from anclora.notify import Notice, Told, tell
from anclora.playbook.book import BOOK
from anclora.playbook.model import Run
from anclora.playbook.render import moment, notes_of, rows_of, summary_of
from anclora.playbook.rules import is_red
from anclora.playbook.sources import Parts
from anclora.playbook.words import VERDICTS
from anclora.reports import Lang
from anclora.storage.database import Connection

_TITLE_CHARS = 150


def notice_of(run: Run, lang: Lang, zone: str) -> Notice:
    """The run as a notice: all green is one line for each check, else what is not green comes first. Pure."""
    routine = BOOK[run.checklist]
    red = is_red(routine, run.results)
    lines: list[str] = []
    for verdict, name, notes in notes_of(run, lang):
        lines += [f"{VERDICTS[lang][verdict]}: {name}", *(f"  {note}" for note in notes)]
    lines += [] if not lines else [""]
    lines += [f"{row[1]}: {row[2]} ({row[3]}) {row[0]}" for _, row in rows_of(run, lang, zone)]
    return Notice(
        title=f"{routine.title.of(lang)} {moment(run.started_at, zone)}: {summary_of(run, lang)}"[:_TITLE_CHARS],
        text="\n".join(lines),
        key=f"playbook:{run.checklist.value}:{run.id}",
        severity=Severity.WARNING if red else Severity.INFO,
    )


async def post(conn: Connection, parts: Parts, names: Sequence[str], run: Run) -> Told:
    """Tell these channels, in the caller's transaction; the messenger of a running process delivers it.

    Raises:
        SetupError: a channel is not configured (`setup`).
    """
    notice = notice_of(run, parts.settings.report_language, parts.settings.timezone)
    to = {name: parts.channels[name].targets(notice.severity) for name in names}
    return await tell(conn, notice, to, now=parts.now)
