"""`anclora alerts`: what there is, what fires, and the files Prometheus and Alertmanager read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from anclora.alerts import BLIND, CATALOGUE, Links
from anclora.alerts.files import prometheus_files
from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, moment, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError
from anclora.kit.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Alerts: what there is, what fires, and what to do about it.")
_PATH = "/api/v1/alerts"
_LINK, _NAME = re.compile(r"\[([^\]]+)\]\([^)]*\)"), r"\1"  # of Markdown only the words
_COLUMNS = ("state", "severity", "name", "since", "says")


@app.command("list")
def find(
    every: Annotated[bool, typer.Option("--all", help="Also those that are quiet.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What fires or is about to; with --all every alert there is."""
    found = Client(data_dir).call("GET", _PATH)
    if as_json:
        show_json(found)
        return
    shown = [row for alert in found["alerts"] for row in _rows(alert) if every or row["state"] in ("firing", "pending")]
    show_rows(shown + _others(found), _COLUMNS, as_json=False, empty="Nothing fires.")
    console.print(_watched(found), style="dim")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="For example AncloraNoWorkers.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What one means, where it is so now, and what to do."""
    found = Client(data_dir).call("GET", f"{_PATH}/{name}")
    if as_json:
        show_json(found)
        return
    alert = found["alert"]
    facts = {key: alert[key] for key in ("name", "state", "severity", "owner", "action", "dashboard", "runbook")}
    show_facts(facts | {key: found[key] for key in ("meaning", "impact")}, as_json=False)
    for title in ("diagnosis", "mitigation"):
        console.print(f"\n[bold]{title.capitalize()}[/bold]")
        for place, step in enumerate(found[title], start=1):
            console.print(f"{place}. {_LINK.sub(_NAME, step)}", markup=False)
    for each in alert["occurrences"]:
        console.print(f"\nNow, by {each['source']}: {each['summary']}", markup=False)


@app.command()
def check(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Whether anything fires or cannot be seen, in one line; ends with 1 then."""
    found = Client(data_dir).call("GET", _PATH)
    firing = [alert["name"] for alert in found["alerts"] if alert["state"] == "firing"]
    firing += [each["summary"] for each in found["others"]]
    good = not firing and not found["unseen"] and found["evaluated_at"] is not None
    verdict = {"good": good, "firing": firing, "unseen": found["unseen"], "evaluated_at": found["evaluated_at"]}
    if as_json:
        show_json(verdict)
    else:
        words = f"fires: {', '.join(firing)}. " if firing else "nothing fires. "
        console.print(f"{words}{_watched(found)}", markup=False)
    if not good:
        raise typer.Exit(1)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Where the files go, for example /etc/prometheus.")],
    anclora_url: Annotated[
        str | None, typer.Option(help="Of this API, for Alertmanager and for links; else ANCLORA_PUBLIC_URL.")
    ] = None,
    grafana_url: Annotated[str | None, typer.Option(help="Of Grafana, for links; else ANCLORA_GRAFANA_URL.")] = None,
    only_check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 when one is old.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rules, their tests, Alertmanager's routes and an example for Prometheus, with the links of this installation."""
    settings, here = load_settings(), Links()
    anclora_url = anclora_url or settings.public_url or here.anclora_url
    grafana_url = grafana_url or settings.grafana_url or here.grafana_url
    for url in (anclora_url, grafana_url):
        if not url.startswith(("http://", "https://")) or not url.isprintable():
            raise InvalidError(f"{url[:100]!r} is no address. It begins with http:// or https://.", code="invalid_url")
    links = Links(anclora_url=anclora_url.rstrip("/"), grafana_url=grafana_url.rstrip("/"))
    files = prometheus_files(CATALOGUE, BLIND, links)
    old = [name for name, text in files.items() if not _same(folder / name, text)]
    if not only_check:
        _write(folder, files)
    if as_json:
        show_json({"folder": str(folder), "files": list(files), "old": old})
    else:
        said = "old" if only_check else "written"
        console.print(f"{said}: {', '.join(old) or 'none, all are up to date'}")
    if only_check and old:
        raise typer.Exit(1)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidError(f"{folder} cannot be written: {error.strerror or error}.", code="not_written") from error


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _rows(alert: Mapping[str, Any]) -> list[dict[str, Any]]:
    facts = {"state": alert["state"], "severity": alert["severity"], "name": alert["name"]}
    found = [
        facts | {"since": each["firing_since"] or each["pending_since"], "says": each["summary"]}
        for each in alert["occurrences"]
    ]
    return found or [facts | {"says": alert["summary"]}]


def _others(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"state": "firing", "severity": "", "name": "(a rule of your own)", "since": each["firing_since"]}
        | {"says": each["summary"]}
        for each in found["others"]
    ]


def _watched(found: Mapping[str, Any]) -> str:
    """Who watches, and how well it sees."""
    if found["evaluated_at"] is None:
        words = "The built-in watch has not looked yet: does a process with the role work run?"
    else:
        words = f"The built-in watch looked at {moment(found['evaluated_at'])}."
    if found["prometheus_at"]:
        words += f" Prometheus was heard at {moment(found['prometheus_at'])}."
    return words + (f" Cannot be seen: {', '.join(found['unseen'])}." if found["unseen"] else "")
