"""Every protection is taken away in turn, and a test must turn red: what was never seen red proves nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SECONDS = 270
_INTEGRATION = "tests/integration"


@dataclass(frozen=True)
class Mutant:
    """One protection gone: in `file`, `old` becomes `new`; one of `tests` must fail."""

    file: str
    old: str
    new: str
    tests: Sequence[str]


MUTANTS = {
    "fence": Mutant(
        "anclora/messages/sql/results.sql",
        "(l.attempt = r.attempt and l.state in ('sending', 'unknown'))",
        "(l.state in ('sending', 'unknown'))",
        [f"{_INTEGRATION}/test_messages_fence.py"],
    ),
    "fence of what is plainly sent": Mutant(
        "anclora/messages/sql/results.sql",
        "and m.attempt = r.attempt and m.state = 'sending' and m.sent_at is null",
        "and m.state = 'sending' and m.sent_at is null",
        [f"{_INTEGRATION}/test_messages_fence.py"],
    ),
    "answer of a worker that died": Mutant(
        "anclora/messages/sql/resolve.sql",
        "a.attempt = m.attempt and a.outcome = 'sent') as answer",
        "a.attempt = m.attempt and a.outcome = 'none') as answer",
        [f"{_INTEGRATION}/test_messages_group.py"],
    ),
    "unique key": Mutant(
        "anclora/storage/migrations/versions/0001_first.sql",
        "constraint idempotency_pkey primary key (owner, key)",
        "constraint idempotency_pkey primary key (owner, key, created_at)",
        [f"{_INTEGRATION}/test_messages_idempotency.py"],
    ),
    "intent": Mutant(
        "anclora/messages/sql/dispatch.sql",
        "when l.state <> 'queued' then 'not_queued'",
        "when l.state = 'failed' then 'not_queued'",
        [f"{_INTEGRATION}/test_messages_outbox.py"],
    ),
    "intent of what is clear": Mutant(
        "anclora/messages/sql/dispatch.sql",
        "and m.state = 'queued' and m.next_attempt_at <= now()",
        "and m.state <> 'failed' and m.next_attempt_at <= now()",
        [f"{_INTEGRATION}/test_messages_outbox.py"],
    ),
    "head guard of what is clear": Mutant(
        "anclora/messages/sql/dispatch.sql",
        "where h.instance = m.instance and h.recipient",
        "where false and h.instance = m.instance and h.recipient",
        [f"{_INTEGRATION}/test_messages_order.py"],
    ),
    "head guard": Mutant(
        "anclora/messages/sql/dispatch.sql",
        "where h.instance = l.instance and h.recipient",
        "where false and h.instance = l.instance and h.recipient",
        [f"{_INTEGRATION}/test_messages_order.py"],
    ),
    "outbox": Mutant(
        "anclora/messages/sql/submit.sql",
        "select array_agg(id order by ordinal) from stored",
        "select (array_agg(id order by ordinal))[2:1] from stored",
        [f"{_INTEGRATION}/test_messages_outbox.py"],
    ),
    "token": Mutant(
        "anclora/queue/lua/shard.lua",
        "sub(record, 18, 33) == entry[at + 1] and not seen",
        "not seen",
        [f"{_INTEGRATION}/test_queue_engine.py", "tests/property/test_queue_machine.py"],
    ),
}


def copy_of_the_house(folder: Path) -> Path:
    """The program and its tests, to be changed."""
    for name in ("anclora", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "evolution-2.3.7"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(folder: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The tests, on this copy."""
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *tests]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("protection", sorted(MUTANTS))
def test_without_a_protection_a_test_turns_red(protection: str, tmp_path: Path) -> None:
    mutant = MUTANTS[protection]
    file = copy_of_the_house(tmp_path) / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    ended = run(tmp_path, mutant.tests)
    assert ended.returncode == 1, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert "\nFAILED " in ended.stdout, ended.stdout[-4000:]
    assert "\nERROR " not in ended.stdout, ended.stdout[-4000:]


@pytest.mark.timeout(300)
def test_a_copy_with_every_protection_is_green(tmp_path: Path) -> None:
    """It is the missing protection that turns them red, not the copying; of the others `make slow` tells."""
    ended = run(copy_of_the_house(tmp_path), [*MUTANTS["head guard"].tests, f"{_INTEGRATION}/test_queue_engine.py"])
    assert ended.returncode == 0, ended.stdout[-4000:]
