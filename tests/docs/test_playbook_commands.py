"""The page of commands and the playbook fit: every command has its row, its check, and a reason not to be typed."""

from pathlib import Path

import pytest

from scripts.verbatim.checks import CHECKS
from scripts.verbatim.commands import Command, Kind, commands_of, rows_of, steps_of, words_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PLAYBOOK = (REFERENCE / "playbook-original.md").read_text(encoding="utf-8")
PAGE = (REFERENCE / "playbook-commands.md").read_text(encoding="utf-8")
COMMANDS = commands_of(PLAYBOOK)
STEPS = steps_of(COMMANDS, rows_of(PAGE), words_of(PAGE))


def of(kind: Kind) -> list[str]:
    return [step.command.line for step in STEPS if step.kind is kind]


def test_the_playbook_has_32_commands_in_10_blocks() -> None:
    assert len(COMMANDS) == 32
    assert {command.number.partition(".")[0] for command in COMMANDS} == {str(block) for block in range(1, 11)}
    assert "32 commands in 10 blocks" in PAGE


def test_the_page_says_what_the_script_will_count() -> None:
    told = ", ".join(f"{len(of(kind))} {kind.value}" for kind in Kind)
    assert f"the last line: {len(STEPS)} commands: {told}\n" in PAGE


def test_nothing_is_listed_that_could_be_typed() -> None:
    firsts = [" ".join(line.split()[:3]) for line in of(Kind.LISTED)]
    assert sorted(firsts) == sorted(
        [
            "open https://grafana.anclora.com/d/queue-dashboard",
            "open https://grafana.anclora.com/d/analytics-dashboard",
            "open https://sentry.io/anclora/whatsapp",
            "git checkout main",
            "git pull origin",
            "git tag -a",
            "git push origin",
        ]
    )


def test_only_words_of_node_and_a_metric_that_is_none_are_substituted() -> None:
    assert {line.split()[0] for line in of(Kind.SUBSTITUTED)} == {"node", "npm", "aws"}
    assert [line for line in of(Kind.SUBSTITUTED) if line.startswith("aws") and "DiskUtilization" not in line] == []


def test_nothing_that_is_typed_leaves_this_machine() -> None:
    assert [step.typed for step in STEPS if "anclora.com" in step.typed or "sentry.io" in step.typed] == []


def test_every_command_that_is_typed_is_held_to_something() -> None:
    assert [step.command.number for step in STEPS if step.kind is not Kind.LISTED] == list(CHECKS)


def test_every_line_of_what_is_expected_belongs_to_a_command() -> None:
    expected = [command.expected for command in COMMANDS if command.expected]
    assert len(expected) == PLAYBOOK.count("# Expected:") == 5


def test_a_changed_playbook_is_noticed() -> None:
    rows, words = rows_of(PAGE), words_of(PAGE)
    more = [*COMMANDS, Command(number="10.3", text="reboot")]
    with pytest.raises(ValueError, match=r"10\.3"):
        steps_of(more, rows, words)
    other = [Command(number="1.1", text="curl https://anclora.com/status"), *COMMANDS[1:]]
    with pytest.raises(ValueError, match=r"1\.1 is 'curl https://anclora.com/status'"):
        steps_of(other, rows, words)
