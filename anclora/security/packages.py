"""Known holes in what is installed, by pip-audit, which is believed only when it answered for every package.

By default pip-audit says "No known vulnerabilities found" and ends with 0 also when the advisory service could not be
reached and every package was skipped. So: `--strict`, the JSON is read, and each name that was asked must come back
with a version, and without a reason for skipping it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from anclora.security.model import Check, Finding
from anclora.security.tools import Ran, run

NAME = "packages"
_OURS = "anclora-whatsapp"
_TIMEOUT_SECONDS = 600.0
_SOCKET_SECONDS = 15


class _Hole(msgspec.Struct):
    id: str
    fix_versions: list[str] = []
    aliases: list[str] = []


class _Answer(msgspec.Struct):
    name: str
    version: str | None = None
    skip_reason: str | None = None
    vulns: list[_Hole] | None = None


class _Answers(msgspec.Struct):
    dependencies: list[_Answer]


def installed() -> dict[str, str]:
    """Every package of this Python but our own: name -> version."""
    found = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}
    return {name: version for name, version in sorted(found.items()) if name != _OURS}


def check_packages(packages: Mapping[str, str], *, advisories_url: str | None) -> Check:
    """Ask for advisories on exactly these versions.

    Args:
        packages: name -> version.
        advisories_url: a service that answers as OSV does (`/v1/query`); None = PyPI's own.
    """
    service = ["--vulnerability-service", "osv", "--osv-url", advisories_url] if advisories_url else []
    with tempfile.TemporaryDirectory(prefix="anclora-audit-") as folder:
        wanted = Path(folder) / "installed.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()), encoding="utf-8")
        words = ["--strict", "--format", "json", "--progress-spinner", "off", "--timeout", str(_SOCKET_SECONDS)]
        # A cache of its own: yesterday's answer is no answer.
        words += ["--cache-dir", str(Path(folder) / "cache"), "--disable-pip", "--no-deps", "-r", str(wanted), *service]
        ran = run("pip-audit", words, folder=Path(folder), timeout_seconds=_TIMEOUT_SECONDS)
    return judge(ran, sorted(packages))


def judge(ran: Ran, asked: Sequence[str]) -> Check:
    """What pip-audit's words are worth."""
    if ran.failed:
        return _unseen(ran.failed)
    try:
        answers = msgspec.json.decode(ran.out, type=_Answers).dependencies
    except msgspec.MsgspecError:
        return _unseen(f"pip-audit gave no result (exit code {ran.code}): {ran.last_words}")
    seen = {canonicalize_name(each.name): each for each in answers}
    unseen = [
        f"{each.name}: skipped, {each.skip_reason or 'without a reason'}"
        for each in answers
        if each.skip_reason or each.version is None or each.vulns is None
    ]
    unseen += [f"{name}: pip-audit did not answer for it" for name in asked if canonicalize_name(name) not in seen]
    findings = [_finding(each, hole) for each in answers for hole in each.vulns or ()]
    if ran.code != (1 if findings else 0) and not unseen:
        unseen.append(f"pip-audit ended with {ran.code}, which does not fit its words: {ran.last_words}")
    return Check(
        name=NAME, looked_at=len(seen) - len(unseen), unit="packages", findings=tuple(findings), unseen=tuple(unseen)
    )


def _finding(package: _Answer, hole: _Hole) -> Finding:
    known = ", ".join([hole.id, *[alias for alias in hole.aliases if alias.startswith("CVE-")]])
    mended = ", ".join(hole.fix_versions)
    return Finding(
        id=f"{NAME}:{canonicalize_name(package.name)}:{hole.id}",
        where=f"{package.name} {package.version}",
        what=known,
        advice=f"Take {mended}: anclora deps update" if mended else "No version mends it yet: can you do without it?",
    )


def _unseen(why: str) -> Check:
    return Check(name=NAME, looked_at=0, unit="packages", unseen=(why,))
