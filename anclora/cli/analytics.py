"""`anclora analytics`: the figures, told apart as one likes, and whether they are what the rows say."""

from typing import Annotated, Any

import typer

from anclora.analytics import Question
from anclora.analytics.latency import LatencyBy
from anclora.analytics.model import By
from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="The figures: sent, delivered, read, failed, and how long it took.")
_PATIENCE_SECONDS = 1_000.0  # a recount reads every row
_DIFFERENCE = ("at", "grain", "instance", "campaign", "template", "class", "cause", "what", "tallied", "counted")
_SPREAD = ("p50", "p90", "p95", "p99")
_FIRST = (
    *("hour", "day", "week", "month", "instance", "campaign", "template", "class", "cause", "reason", "agent", "kind"),
)
Since = Annotated[str | None, typer.Option("--from", help="Day or moment; today by default.")]
Until = Annotated[str | None, typer.Option("--to", help="Day (included) or moment; now by default.")]
Instance = Annotated[str | None, typer.Option(help="Only this number.")]
Campaign = Annotated[str | None, typer.Option(help="Only this campaign, by its id.")]


@app.command()
def overview(
    since: Since = None,
    until: Until = None,
    instance: Instance = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Messages, conversations and conversions of a period."""
    query = {"from": since, "to": until, "instance": instance}
    found = Client(data_dir).get("/analytics/metrics/overview", query)
    if as_json:
        show_json(found)
        return
    counted = [found[part] or {} for part in ("messages", "conversations", "conversions")]
    facts = {name: value for part in counted for name, value in part.items()}
    show_facts({"from": found["period"]["from"], "to": found["period"]["to"], **facts}, as_json=False)


@app.command()
def show(
    question: Annotated[Question, typer.Argument(help="What to ask.")],
    since: Since = None,
    until: Until = None,
    by: Annotated[By | None, typer.Option(help="What the figures are told apart by.")] = None,
    instance: Instance = None,
    campaign: Campaign = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One question, line by line, with the period before in brackets."""
    query = {"from": since, "to": until, "by": by, "instance": instance, "campaign": campaign}
    found = Client(data_dir).get(f"/analytics/{question}", query)
    if as_json:
        show_json(found)
        return
    rows = [_beside(line) for line in [*found["lines"], found["total"]]]
    show_rows(rows, (found["by"], *found["columns"]), as_json=False, empty="")
    if found["more"]:
        console.print(f"and {found['more']} smaller ones; --json has as many, the total has all")


@app.command()
def latency(
    since: Since = None,
    until: Until = None,
    by: Annotated[LatencyBy, typer.Option(help="What they are told apart by.")] = "all",
    instance: Instance = None,
    campaign: Campaign = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """How many seconds messages took: until sent, from there until delivered, from there until read."""
    query = {"from": since, "to": until, "by": by, "instance": instance, "campaign": campaign}
    found = Client(data_dir).get("/analytics/latency", query)
    if as_json:
        show_json(found)
        return
    rows = [
        {by: line["key"] or "all", "step": step.replace("_", " "), **line[step]}
        for line in found["lines"]
        for step in ("to_sent", "to_delivered", "to_read")
    ]
    show_rows(rows, (by, "step", "count", *_SPREAD), as_json=False, empty="No message of that time was sent.")
    if found["share"] < 1:
        console.print(f"of an even sample: {found['share']:.1%} of the time")


@app.command()
def verify(
    since: Since = None,
    until: Until = None,
    mend: Annotated[bool, typer.Option("--mend", help="Put right what differs, of all times.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Recount the figures from the rows, of all times unless said otherwise; 1 = some differ (and were not mended)."""
    client = Client(data_dir, timeout_seconds=_PATIENCE_SECONDS)
    if mend:
        found = client.call("POST", "/analytics/mend")
    else:
        found = client.get("/analytics/verify", {"from": since, "to": until})
    if as_json:
        show_json(found)
    else:
        if found["shown"]:
            show_rows(found["shown"], _DIFFERENCE, as_json=False, empty="")
        console.print(_verdict(found))
    if found["differences"] > found["mended"]:
        raise typer.Exit(1)


def _verdict(found: dict[str, Any]) -> str:
    words = f"{found['facts']} facts recounted, {found['differences']} differences"
    return f"{words}, all mended" if found["mended"] else words


def _beside(line: dict[str, Any]) -> dict[str, Any]:
    before = line["before"] or {}
    cells = {name: _cell(value, before.get(name)) for name, value in line["figures"].items()}
    key, name = line["key"], line["name"]
    return {**dict.fromkeys(_FIRST, name if key in ("", name) else f"{key}: {name}"), **cells}


def _cell(value: float | None, before: float | None) -> str:
    words = "-" if value is None else f"{value:g}"
    return words if before is None else f"{words} ({before:g})"
