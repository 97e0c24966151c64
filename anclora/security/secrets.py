"""Secrets in files, by detect-secrets and by the form of our own keys; a planted key proves that the tool looks.

Only detectors of known forms are asked: those that guess (high entropy, words such as "password") find hashes and
examples by the hundred. What the tool's own baseline (`.secrets.baseline`) accepts is no finding. Nothing is sent
anywhere: the tool would try what it finds at the vendors, unless told not to.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha1
from itertools import islice
from pathlib import Path

import msgspec

from anclora.security.model import Check, Finding
from anclora.security.tools import Ran, run

NAME = "secrets"
BASELINE = ".secrets.baseline"
GUESSING = ("KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString", "IPPublicDetector")
_TIMEOUT_SECONDS = 900.0
_AT_ONCE = 500
_MOST_FILES = 50_000
_BIGGEST_BYTES = 20_000_000
_OURS = "Anclora key"
_BAIT = "planted-to-be-found.txt"
_KEY = re.compile(rb"\bak_[0-9A-Za-z]{53}\b|\bwhsec_[A-Za-z0-9+/]{43}=")
_ADVICE = f"Revoke it, make a new one, and take it out of the history. An example is accepted in {BASELINE}."


class _Found(msgspec.Struct):
    type: str
    hashed_secret: str
    line_number: int = 0


class _Answer(msgspec.Struct):
    results: dict[str, list[_Found]]


def files_of(folder: Path) -> tuple[list[str], str]:
    """What is scanned, and what kind of set that is: the files git tracks, or else every file that is not hidden."""
    tracked = run("git", ["ls-files", "-z"], folder=folder, timeout_seconds=60)
    if not tracked.failed and tracked.code == 0:
        names = [name for name in tracked.out.split("\0") if name]
        return [name for name in names if (folder / name).is_file()], "tracked files"
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    plain = (str(path) for path in found if not any(part.startswith(".") for part in path.parts))
    return sorted(islice(plain, _MOST_FILES + 1)), "files"


def check_secrets(folder: Path) -> Check:
    """Look through the files of a folder."""
    names, unit = files_of(folder)
    accepted = read_baseline(folder / BASELINE)
    if isinstance(accepted, str):
        return Check(name=NAME, looked_at=0, unit=unit, unseen=(accepted,))
    if len(names) > _MOST_FILES:
        why = f"{folder.resolve()} holds more than {_MOST_FILES:,} files: name a smaller one with --folder"
        return Check(name=NAME, looked_at=0, unit=unit, unseen=(why,))
    findings: list[Finding] = []
    unseen: list[str] = [] if names else ["there is no file to look at"]
    read = 0
    for start in range(0, len(names), _AT_ONCE):
        # The tool leaves out, without a word, what lies outside the folder it runs in: it gets copies, and the bait.
        with tempfile.TemporaryDirectory(prefix="anclora-secrets-") as copies:
            here = Path(copies)
            part, unread = _copied(folder, names[start : start + _AT_ONCE], here)
            (here / _BAIT).write_text(f"aws_access_key_id = {'AKIA' + 'Z3MQ7WTRXNB5KD2P'}\n", encoding="utf-8")
            words = ["scan", "--all-files", "--no-verify"]
            words += [word for each in GUESSING for word in ("--disable-plugin", each)]
            ran = run("detect-secrets", [*words, *part, _BAIT], folder=here, timeout_seconds=_TIMEOUT_SECONDS)
            found, why = judge(ran, accepted)
            findings += [*found, *own_keys(here, part, accepted)]
        unseen += [*unread, *([why] if why else [])]
        read += 0 if why else len(part)
    return Check(name=NAME, looked_at=read, unit=unit, findings=_once(findings), unseen=tuple(dict.fromkeys(unseen)))


def judge(ran: Ran, accepted: set[tuple[str, str, str]]) -> tuple[list[Finding], str]:
    """What the tool's words are worth: its findings, and why it is not believed (or nothing)."""
    if ran.failed:
        return [], ran.failed
    try:
        results = msgspec.json.decode(ran.out, type=_Answer).results
    except msgspec.MsgspecError:
        return [], f"detect-secrets gave no result (exit code {ran.code}): {ran.last_words}"
    if not results.pop(_BAIT, None):
        return [], "detect-secrets did not find the key planted for it, so its silence means nothing"
    return [
        _finding(name, each.line_number, each.type, each.hashed_secret)
        for name, found in results.items()
        for each in found
        if (name, each.type, each.hashed_secret) not in accepted
    ], ""


def own_keys(folder: Path, names: Sequence[str], accepted: set[tuple[str, str, str]]) -> list[Finding]:
    """API keys and signing secrets of our own form."""
    found: list[Finding] = []
    for name in names:
        data = (folder / name).read_bytes()
        for match in _KEY.finditer(data):
            hashed = sha1(match.group(), usedforsecurity=False).hexdigest()  # the baseline's own form
            if (name, _OURS, hashed) not in accepted:
                found.append(_finding(name, data.count(b"\n", 0, match.start()) + 1, _OURS, hashed))
    return found


def read_baseline(path: Path) -> set[tuple[str, str, str]] | str:
    """What was accepted, as (file, type, hash of the secret); a sentence when it cannot be read."""
    if not path.exists():
        return set()
    try:
        results = msgspec.json.decode(path.read_bytes(), type=_Answer).results
    except (OSError, msgspec.MsgspecError) as error:
        return f"{path.name} cannot be read: {error}. Write it again: detect-secrets scan > {path.name}"
    return {(name, each.type, each.hashed_secret) for name, found in results.items() for each in found}


def _finding(name: str, line: int, kind: str, hashed: str) -> Finding:
    return Finding(id=f"{NAME}:{name}:{kind}:{hashed[:12]}", where=f"{name}:{line}", what=kind, advice=_ADVICE)


def _copied(folder: Path, names: Sequence[str], target: Path) -> tuple[list[str], list[str]]:
    """Copy files; the names of those, and a sentence for each that could not be."""
    done: list[str] = []
    unread: list[str] = []
    for name in names:
        try:
            if (folder / name).stat().st_size > _BIGGEST_BYTES:
                unread.append(f"{name}: larger than {_BIGGEST_BYTES:,} bytes")
                continue
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)
            done.append(name)
        except OSError as error:
            unread.append(f"{name}: {error.strerror or error}")
    return done, unread


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple({finding.id: finding for finding in findings}.values())
