"""All files of the catalogue, by path; writing them, and seeing which are old."""

from collections.abc import Mapping
from pathlib import Path

from anclora.alerts.files.alertmanager import alertmanager, prometheus_example
from anclora.alerts.files.pages import pages
from anclora.alerts.files.prometheus import rules
from anclora.alerts.files.scenarios import tests
from anclora.alerts.files.yaml import yaml_text
from anclora.alerts.links import Links
from anclora.alerts.model import Blind, Catalogue

RULES, TESTS = "anclora-rules.yml", "anclora-rules.test.yml"
ROUTES = "alertmanager.yml"
PAGES = Path("docs/runbooks/alerts")
# Between the containers of docker-compose.yml our door has this name; what people click keeps the addresses above.
_IN_COMPOSE = Links(anclora_url="http://api:8000")
_FROM = "Made from the catalogue of alerts (anclora/alerts/book); change it there. With other addresses:\n"
_AGAIN = "  anclora alerts write FOLDER --anclora-url https://… --grafana-url https://…"
_HOW = (
    "\n\nEvery alert goes to Anclora's own door, which pages whoever is on call and tells nobody twice. What may mean\n"
    "that Anclora cannot do that goes to Slack without it too, and the watchdog to a dead man's switch outside.\n"
    "Secrets are files: the key (`anclora keys create --name alertmanager --scope alerts:write`) and a Slack webhook."
)


def prometheus_files(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[str, str]:
    """What Prometheus and Alertmanager read, by file name."""
    head = _FROM + _AGAIN
    return {
        RULES: yaml_text(rules(catalogue, blind, links), head=head),
        TESTS: yaml_text(tests(catalogue, blind, links), head=head + f"\n\npromtool test rules {TESTS}"),
        ROUTES: yaml_text(alertmanager(catalogue, links), head=head + _HOW),
        "prometheus.example.yml": yaml_text(prometheus_example(links), head=head),
    }


def written(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[Path, str]:
    """Every file of a clone, by its path there."""
    folder = Path("deploy/prometheus")
    made = {folder / name: text for name, text in prometheus_files(catalogue, blind, links).items()}
    made[Path("deploy/compose") / ROUTES] = prometheus_files(catalogue, blind, _IN_COMPOSE)[ROUTES]
    return made | {PAGES / name: text for name, text in pages(catalogue, blind, links).items()}


def differences(root: Path, files: Mapping[Path, str]) -> list[str]:
    """The paths that are old, missing, or left over of an alert that is no more."""
    old = [str(path) for path, text in files.items() if _read(root / path) != text]
    left = [path.relative_to(root) for path in sorted((root / PAGES).glob("*.md"))]
    return old + [str(path) for path in left if path not in files]


def write(root: Path, files: Mapping[Path, str]) -> None:
    """Write them all."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
