"""Habits that open holes, by bandit: findings of medium weight and above, and proof that every file was read."""

from pathlib import Path
from typing import Any

import msgspec

from anclora.security.model import Check, Finding
from anclora.security.tools import Ran, run

NAME = "code"
_TIMEOUT_SECONDS = 600.0


class _Issue(msgspec.Struct):
    filename: str
    line_number: int
    test_id: str
    issue_text: str
    code: str = ""
    more_info: str = ""


class _Unread(msgspec.Struct):
    filename: str
    reason: str


class _Answer(msgspec.Struct):
    results: list[_Issue]
    errors: list[_Unread]
    metrics: dict[str, Any]


def check_code(package: Path) -> Check:
    """Look at every Python file below a folder."""
    files = sorted(str(path.relative_to(package.parent)) for path in package.rglob("*.py"))
    ran = run(
        "bandit",
        ["-q", "-r", package.name, "--severity-level", "medium", "-f", "json"],
        folder=package.parent,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    return judge(ran, files)


def judge(ran: Ran, files: list[str]) -> Check:
    """What bandit's words are worth."""
    if ran.failed:
        return Check(name=NAME, looked_at=0, unit="files", unseen=(ran.failed,))
    try:
        answer = msgspec.json.decode(ran.out, type=_Answer)
    except msgspec.MsgspecError:
        why = f"bandit gave no result (exit code {ran.code}): {ran.last_words}"
        return Check(name=NAME, looked_at=0, unit="files", unseen=(why,))
    read = [name for name in files if name in answer.metrics]
    unseen = [f"{each.filename}: {each.reason}" for each in answer.errors]
    unseen += [f"{name}: bandit did not read it" for name in files if name not in answer.metrics]
    if not files:
        unseen.append("there is no Python file")
    findings = tuple(
        Finding(
            # Lines move; a file's habit does not.
            id=f"{NAME}:{each.filename}:{each.test_id}",
            where=f"{each.filename}:{each.line_number}",
            what=f"{each.test_id} {each.issue_text}",
            advice=f"Mend it, or write `# nosec {each.test_id}` with the reason: {each.more_info}".removesuffix(": "),
        )
        for each in answer.results
    )
    return Check(name=NAME, looked_at=len(read), unit="files", findings=findings, unseen=tuple(unseen))
