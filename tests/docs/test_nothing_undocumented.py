"""No alert, metric, setting, command or option without documentation, and no page that names one there is not."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import typer
import yaml
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from anclora.alerts import BLIND, CATALOGUE
from anclora.cli.app import app
from anclora.kit.metrics import exposition
from anclora.kit.settings import Settings, env_name
from scripts.reference_pages import commands, import_everything

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
ORIGINAL = REFERENCE / "playbook-original.md"  # kept word for word as it was ordered
# The CHANGELOG may name what is gone.
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").rglob("*.md")) - {ORIGINAL})]
DEPLOYED = sorted(path for path in (ROOT / "deploy").rglob("*") if path.suffix in (".yml", ".json"))
# Names of the same shape that are no figures: a database, a user of it.
_NO_METRIC = re.compile(r"^anclora_(whatsapp|reader)")
# Of tools that pages name.
_FOREIGN_OPTIONS = {"--role", "--index-url", "--format", "--default", "--require-hashes", "--endpoint-url"} | {
    "--filter-pattern"
}


class Thing(NamedTuple):
    """Something that must be documented: its name, and what the page says of it."""

    name: str
    said: str


def undocumented(kind: str, there: set[str], things: Mapping[str, str], how: str) -> list[str]:
    """A sentence for each name without a meaning: what is missing, and what to do."""
    return [f"The {kind} {name} is not documented: {how}" for name in sorted(there) if not things.get(name, "").strip()]


def invented(kind: str, named: set[str], there: set[str]) -> list[str]:
    """A sentence for each name that pages use and that does not exist."""
    return [f"There is no {kind} {name}: mend the page, or the name" for name in sorted(named - there)]


def rows_of(text: str) -> dict[str, str]:
    """First and last cell of each row of the tables of a page."""
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| `"))
    return {name: row[-1] for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


# --- alerts ---


def alerts_there() -> set[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "anclora-rules.yml").read_text(encoding="utf-8"))
    shipped = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    return shipped | {alert.name for alert in (*CATALOGUE.alerts, *CATALOGUE.raised, BLIND)}


def alert_pages(folder: Path = ROOT / "docs" / "runbooks" / "alerts") -> dict[str, str]:
    listed = (folder / "README.md").read_text(encoding="utf-8")
    return {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.md") if f"({page.name})" in listed}


ALERT_HOW = (
    "write its meaning, impact, diagnosis and mitigation in anclora/alerts/book, then run scripts/alert_files.py"
)


def test_every_alert_is_documented() -> None:
    assert undocumented("alert", alerts_there(), alert_pages(), ALERT_HOW) == []


def test_no_page_names_an_alert_there_is_not() -> None:
    named = names_in(PAGES, r"\bAnclora[A-Z]\w+")
    assert len(named) > 40
    assert invented("alert", named, alerts_there() | {"AncloraError"}) == []


# --- metrics ---


def served(text: bytes) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", text.decode(), re.MULTILINE))


def recorded() -> set[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "anclora-rules.yml").read_text(encoding="utf-8"))
    return {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}


@pytest.fixture(scope="module")
def metrics() -> set[str]:
    """Everything that a process of ours answers at `/metrics`, and what Prometheus records of it."""
    import_everything()
    return served(exposition()) | recorded()


METRIC_HOW = "say what it means where it is declared (a metrics.py), then run scripts/reference_pages.py"


def test_every_metric_is_documented(metrics: set[str]) -> None:
    page = rows_of((REFERENCE / "metrics.md").read_text(encoding="utf-8"))
    assert undocumented("metric", metrics, page, METRIC_HOW) == []
    assert invented("metric", set(page), metrics) == []


def test_no_page_rule_or_dashboard_names_a_metric_there_is_not(metrics: set[str]) -> None:
    awaited = {name for alert in CATALOGUE.alerts if alert.awaits for name in re.findall(r"anclora_\w+", alert.expr)}
    named = names_in([*PAGES, *DEPLOYED], r"(?<![\w:/.-])anclora_[a-z0-9_]+\b(?![:*])") | names_in(
        [*PAGES, *DEPLOYED], r"\bslo:anclora_\w+:\w+"
    )
    parts = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named if not _NO_METRIC.match(name)}
    assert len(parts) > 100
    assert invented("metric", parts, metrics | awaited) == []


# --- settings ---


def read_by_code(source: str) -> Iterator[str]:
    """Variables of the environment that a module reads by name."""
    if not re.search(r"environ|envvar|ANCLORA_", source):
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(word)) if re.fullmatch(r"ANCLORA_[A-Z_]*[A-Z]", word):
                yield word
            case (
                ast.Call(
                    func=ast.Attribute(attr="get", value=ast.Attribute(attr="environ") | ast.Name(id="environment")),
                    args=[ast.Constant(value=str(word)), *_],
                )
                | ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(word)))
            ):
                yield word
            case ast.keyword(arg="envvar", value=value):
                yield from (str(one.value) for one in ast.walk(value) if isinstance(one, ast.Constant))
            case _:
                pass


def settings_there() -> set[str]:
    read = {
        name for path in (ROOT / "anclora").rglob("*.py") for name in read_by_code(path.read_text(encoding="utf-8"))
    }
    return (read - {"PATH"}) | {env_name(field) for field in Settings.model_fields}


def settings_page() -> dict[str, str]:
    return rows_of((REFERENCE / "settings.md").read_text(encoding="utf-8"))


SETTING_HOW = "give it a description in kit/settings.py, or a line in READ_BESIDE, then run scripts/reference_pages.py"


def test_every_setting_is_documented() -> None:
    assert undocumented("setting", settings_there(), settings_page(), SETTING_HOW) == []


def test_no_page_names_a_setting_there_is_not() -> None:
    named = names_in(PAGES, r"(?<![\w@/])ANCLORA_[A-Z0-9_]*[A-Z0-9]\b(?!\*)")
    assert len(named) > 50
    of_compose = names_in([ROOT / "docker-compose.yml"], r"\$\{(ANCLORA_[A-Z]+)")
    assert of_compose
    assert invented("setting", named, set(settings_page()) | of_compose) == []


# --- commands and options ---


def commands_there(root: Any) -> dict[str, list[str]]:
    return {
        words: [name for option in command.params for name in (*option.opts, *option.secondary_opts)]
        for words, command in commands(root)
    }


def commands_page(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """What is said of each command, and of each of its options as `command --option`."""
    said: dict[str, str] = {}
    options: dict[str, str] = {}
    for section in text.split("\n## ")[1:]:
        words, _, rest = section.partition("\n")
        said[words] = rest.partition("\n| ")[0]
        options |= {f"{words} {name}": meaning for name, meaning in rows_of(rest).items()}
    return said, options


_OF_THE_LIBRARY = ("help", "install_completion", "show_completion")
COMMAND_HOW = "give it a docstring, then run scripts/reference_pages.py"
OPTION_HOW = "give it a `help=`, then run scripts/reference_pages.py"


def problems_of_commands(root: Any, text: str) -> list[str]:
    """What the page of commands lacks, and what it invents."""
    said, options = commands_page(text)
    there = {
        f"{words} {name}"
        for words, command in commands(root)
        for each in command.params
        if each.name not in _OF_THE_LIBRARY
        for name in (each.opts if each.param_type_name == "option" else [each.name])
    }
    names = {words for words, _ in commands(root)}
    return [
        *undocumented("command", names, said, COMMAND_HOW),
        *undocumented("option", there, options, OPTION_HOW),
        *invented("command", set(said), names),
        *invented("option", set(options), there),
    ]


def test_every_command_and_option_is_documented() -> None:
    root = typer.main.get_command(app)
    assert problems_of_commands(root, (REFERENCE / "cli.md").read_text(encoding="utf-8")) == []


def test_no_page_names_an_option_there_is_not() -> None:
    root = typer.main.get_command(app)
    there = {name for names in commands_there(root).values() for name in names if name.startswith("--")}
    named = names_in([page for page in PAGES if page.name != "cli.md"], r"(?<=`)--[a-z][a-z-]+(?=[ =`])")
    assert len(named) > 20
    assert invented("option", named, there | _FOREIGN_OPTIONS) == []


def names_in(files: list[Path], pattern: str) -> set[str]:
    return {name for path in files for name in re.findall(pattern, path.read_text(encoding="utf-8"))}


# --- each of them can fail ---


def test_an_alert_without_a_page_or_missing_from_the_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("[AncloraTold](AncloraTold.md)", encoding="utf-8")
    for name in ("AncloraTold", "AncloraNotListed"):
        (tmp_path / f"{name}.md").write_text("words", encoding="utf-8")
    lacking = undocumented("alert", {"AncloraTold", "AncloraNotListed", "AncloraNew"}, alert_pages(tmp_path), ALERT_HOW)
    assert [line.split(":")[0] for line in lacking] == [
        "The alert AncloraNew is not documented",
        "The alert AncloraNotListed is not documented",
    ]
    assert "anclora/alerts/book" in lacking[0]


def test_a_metric_nobody_described_is_told() -> None:
    registry = CollectorRegistry()
    Gauge("anclora_planted", "", registry=registry)
    there = served(generate_latest(registry))
    for page in ("", "| `anclora_planted` | gauge |  |  |\n"):
        assert undocumented("metric", there, rows_of(page), METRIC_HOW) == [
            f"The metric anclora_planted is not documented: {METRIC_HOW}"
        ]
    assert undocumented("metric", there, rows_of("| `anclora_planted` | gauge |  | Words |\n"), METRIC_HOW) == []


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.get("ANCLORA_PLANTED")',
        'os.environ["PLANTED"]',
        'environment.get("PLANTED", "")',
        'typer.Option(envvar="ANCLORA_PLANTED")',
        'typer.Option(envvar=["PIP_INDEX_URL", "ANCLORA_PLANTED"])',
    ],
)
def test_a_variable_that_code_reads_is_a_setting(line: str) -> None:
    there = set(read_by_code(line))
    (name,) = there - {"PIP_INDEX_URL"}
    lacking = undocumented("setting", there, settings_page(), SETTING_HOW)
    assert lacking == [f"The setting {name} is not documented: {SETTING_HOW}"]


def _command(**words: Any) -> click.Group:
    """`anclora plant --deep`."""
    option = click.Option(["--deep"], help=words.get("option", "How deep."))
    return click.Group("anclora", commands={"plant": click.Command("plant", params=[option], help="Plants.")})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n## anclora plant\n\nPlants.\n\n| `--deep` | | How deep. |\n", []),
        ("\n## anclora plant\n\nPlants.\n", ["The option anclora plant --deep is not documented"]),
        (
            "\n## anclora plant\n\nPlants.\n\n| `--deep` | |  |\n",
            ["The option anclora plant --deep is not documented"],
        ),
        (
            "\n## anclora plant\n\n\n\n| `--deep` | | How deep. |\n",
            ["The command anclora plant is not documented"],
        ),
        (
            "\n## anclora plant\n\nPlants.\n\n| `--deep` | | How. |\n| `--wide` | | W. |\n\n## anclora dig\n\nDigs.\n",
            ["There is no command anclora dig", "There is no option anclora plant --wide"],
        ),
    ],
)
def test_a_command_or_option_without_words_or_without_code_is_told(text: str, told: list[str]) -> None:
    assert [line.split(":")[0] for line in problems_of_commands(_command(), text)] == told


def test_a_name_of_nothing_is_told() -> None:
    assert invented("metric", {"anclora_gone", "anclora_here"}, {"anclora_here"}) == [
        "There is no metric anclora_gone: mend the page, or the name"
    ]
