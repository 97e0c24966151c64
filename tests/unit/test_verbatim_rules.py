"""The playbook word for word: how its page is read; a command that fails is named and ends the play with 1."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.verbatim import checks
from scripts.verbatim.checks import Check, act
from scripts.verbatim.commands import Command, Kind, Step, commands_of, rows_of, steps_of, words_of
from scripts.verbatim.expected import expected
from scripts.verbatim.play import Did, UnmetError, play
from scripts.verbatim.stage import Stage
from tests.ecs_server import Ecs
from tests.ecs_tasks import Pace

PLAYBOOK = """# Title

```bash
# 1. Look
look https://a.example/health | head
# Expected: < 10

list \\
  --all \\
  | tail -1
```

```
no command
```

```bash
npm test
```
"""
PAGE = """| in the playbook | here | |
|---|---|---|
| `https://a.example` | `$URL` | |

| no. | in the playbook | here |
|---|---|---|
| 1.1 | `look https://a.example/health …` | as written |
| 1.2 | `list … tail -1` | by hand: no reason |
| 2.1 | `npm test` | `make test \\| cat https://a.example` |
"""


def steps() -> list[Step]:
    return steps_of(commands_of(PLAYBOOK), rows_of(PAGE), words_of(PAGE))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "BOUND_SECONDS": "20"}
    return Stage(
        env=env, clone=tmp_path, aws="", ecs=Ecs(Pace(), tmp_path), began=datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
    )


def test_a_command_is_all_its_lines_and_its_pipeline() -> None:
    look, all_, test = commands_of(PLAYBOOK)
    assert (look.number, look.text, look.expected) == ("1.1", "look https://a.example/health | head", "< 10")
    assert (all_.number, all_.line, all_.text.count("\n")) == ("1.2", "list --all | tail -1", 2)
    assert (test.number, test.line) == ("2.1", "npm test")


def test_the_table_says_what_is_typed() -> None:
    assert [(step.kind, step.typed, step.why) for step in steps()] == [
        (Kind.RAN, "look $URL/health | head", ""),
        (Kind.LISTED, "", "by hand: no reason"),
        (Kind.SUBSTITUTED, "make test | cat $URL", ""),
    ]


def test_every_step_has_a_line_and_the_last_one_counts() -> None:
    said: list[str] = []
    assert play(steps(), lambda step: f"saw {step.command.number}", said.append) == 0
    assert [line.split()[:2] for line in said[:3]] == [["1.1", "ran"], ["1.2", "listed"], ["2.1", "substituted"]]
    assert said[0].endswith("  saw 1.1")
    assert said[-1] == "3 commands: 1 ran, 1 substituted, 1 listed"


def test_one_that_fails_is_named_the_others_go_on_and_the_play_ends_with_1() -> None:
    said: list[str] = []

    def fail(step: Step) -> str:
        if step.kind is Kind.RAN:
            raise UnmetError("it ended with 7, not 0")
        return "fine"

    assert play(steps(), fail, said.append) == 1
    assert said[0].startswith("1.1  FAILED       look https://a.example/health | head")
    assert said[-3:-1] == ["Not as it should be: 1.1 look https://a.example/health | head", "it ended with 7, not 0"]
    assert said[-1] == "3 commands: 0 ran, 1 substituted, 1 listed, 1 FAILED"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("echo calm", "it does not print help"),
        ("false | echo help", "it ended with 1, not 0"),
        ("exit 3", "it ended with 3, not 0"),
        ("sleep 60", "it ended with 124, not 0"),
    ],
)
def test_a_command_is_held_to_its_code_its_pipeline_and_its_output(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, typed: str, why: str
) -> None:
    help_ = Check(holds=checks._prints("help", "help"), timeout_seconds=0.5 if "sleep" in typed else 20.0)
    monkeypatch.setattr(checks, "CHECKS", {"1.1": help_})
    step = Step(command=Command(number="1.1", text="x"), kind=Kind.RAN, short="x", typed=typed)
    with pytest.raises(UnmetError, match=why):
        act(step, stage)


def test_what_cannot_be_looked_at_is_a_failure_of_its_command(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", {"1.1": checks.CHECKS["4.4"]})
    step = Step(command=Command(number="1.1", text="x"), kind=Kind.RAN, short="x", typed="echo '{}'")
    with pytest.raises(UnmetError, match="ResultsByTime"):
        act(step, stage)
    monkeypatch.setattr(checks, "CHECKS", {})
    with pytest.raises(UnmetError, match="nothing says"):
        act(step, stage)


def test_one_that_goes_on_for_ever_is_ended_once_it_said_enough(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", {"1.1": Check(holds=checks._prints("help", "help"), endless=True)})
    step = Step(command=Command(number="1.1", text="x"), kind=Kind.RAN, short="x", typed="echo help; sleep 60")
    assert act(step, stage) == "prints help"


@pytest.mark.parametrize(
    ("line", "out", "holds"),
    [
        ('"healthy"', '"healthy"\n', True),
        ('"healthy"', '"degraded"\n', False),
        ("< 10", "9\n", True),
        ("< 10", "10\n", False),
        ("< 10", "null\n", False),
        ("Today's date", "2026-01-31 23:00:01 9 2026-01-31T230000Z.json\n", True),
        ("Today's date", "2026-01-30 23:00:01 9 2026-01-30T230000Z.json\n", False),
        ("Anything else", "x", False),
    ],
)
def test_what_the_playbook_expects_is_met_or_not(stage: Stage, line: str, out: str, holds: bool) -> None:
    if holds:
        assert expected(line, out, stage) == line
        return
    with pytest.raises(UnmetError):
        expected(line, out, stage)


def test_what_is_asserted_of_figures_can_fail(stage: Stage) -> None:
    for number, out in (("1.5", "3\n"), ("2.2", "{}"), ("2.3", "PRE data/\n"), ("3.1", ""), ("4.2", ""), ("6.1", "?")):
        with pytest.raises(UnmetError):
            checks.CHECKS[number].holds(Did(code=0, out=out), stage)
