"""`anclora incidents list|show|ack|escalate|plan|note|silence|maintenance|resolve|postmortem|action|changes`."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli import actions
from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="Incidents: what is wrong, who has it, and what became of it.")
app.add_typer(actions.app, name="action")
_PATH = "/api/v1/incidents"
_COLUMNS = ("id", "severity", "state", "name", "opened_at", "who", "summary")
_TIMELINE = ("at", "kind", "text", "actor")
_PAGES = ("at", "level", "person", "why")
_ACTIONS = ("id", "due_on", "owner", "text", "done_at")
_SILENCES = ("id", "kind", "what", "starts_at", "ends_at", "author", "reason")
_CHANGES = ("at", "kind", "action", "subject", "actor")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h|d)?\Z")
_UNIT_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, None: 60}
_FACTS = (
    "id", "name", "severity", "state", "summary", "starts_at", "opened_at", "acknowledged_at", "acknowledged_by",
    "ack_seconds", "planned_for", "planned_owner", "cleared_at", "resolved_at", "resolved_by", "signals", "source",
)  # fmt: skip
Id = Annotated[UUID, typer.Argument(metavar="ID", help="Its id, as the list shows it.")]
For = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever wonders.")]
Match = Annotated[list[str] | None, typer.Option("--match", help="Label that must fit: name=AncloraLaneNotDraining.")]
Start = Annotated[str | None, typer.Option("--from", help="From when on, e.g. 2026-01-31T22:00:00+01:00; else now.")]


@app.command("list")
def find(
    state: Annotated[str | None, typer.Option(help="unresolved, open, acknowledged or resolved.")] = None,
    severity: Annotated[str | None, typer.Option(help="critical or warning.")] = None,
    name: Annotated[str | None, typer.Option(help="Only of this alert.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Last id of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Incidents, the newest first."""
    asked = {"state": state, "severity": severity, "name": name, "before": before, "limit": limit}
    given = {key: value for key, value in asked.items() if value is not None}
    page = Client(data_dir).call("GET", f"{_PATH}?{urlencode(given)}")
    if as_json:
        show_json(page)
        return
    rows = [row | {"who": row["acknowledged_by"]} for row in page["incidents"]]
    show_rows(rows, _COLUMNS, as_json=False, empty="There is no such incident.")


@app.command()
def show(incident_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """One incident: what is known, who was called, and its timeline."""
    found = Client(data_dir).call("GET", f"{_PATH}/{incident_id}")
    if as_json:
        show_json(found)
        return
    one = found["incident"]
    labels = " ".join(f"{key}={value}" for key, value in sorted(one["labels"].items()))
    show_facts(_facts(one) | {"labels": labels}, as_json=False)
    console.print()
    show_rows(found["pages"], _PAGES, as_json=False, empty="Nobody was called.")
    console.print()
    show_rows(found["timeline"], _TIMELINE, as_json=False, empty="Nothing happened.")
    if found["actions"]:
        console.print()
        show_rows(found["actions"], _ACTIONS, as_json=False, empty="")


@app.command()
def ack(
    incident_id: Id,
    person: Annotated[str | None, typer.Option("--as", help="Who has it; else the key's name.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Take it: nobody else is called for want of an acknowledgement."""
    _act(data_dir, incident_id, "acknowledge", {"person": person} if person else {}, as_json=as_json)


@app.command()
def escalate(incident_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Call the next level now."""
    called = Client(data_dir).call("POST", f"{_PATH}/{incident_id}/escalate")
    if as_json:
        show_json(called)
    else:
        console.print(f"{called['person']} ({called['level']}) is called now.")


@app.command()
def plan(
    incident_id: Id,
    day: Annotated[str, typer.Option("--for", help="The day it will be mended: 2026-01-31.")],
    owner: Annotated[str, typer.Option(help="By whom.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say when it will be mended and by whom; reminders end until then."""
    _act(data_dir, incident_id, "plan", {"for": day, "owner": owner}, as_json=as_json)


@app.command()
def note(
    incident_id: Id,
    text: Annotated[str, typer.Argument(help="What to write.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Write a line into its timeline."""
    _act(data_dir, incident_id, "note", {"text": text}, as_json=as_json)


@app.command()
def resolve(
    incident_id: Id,
    text: Annotated[str, typer.Option("--why", help="How it ended.")] = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End it; if it goes on, its signal opens another one."""
    _act(data_dir, incident_id, "resolve", {"text": text}, as_json=as_json)


@app.command()
def silence(
    span: For,
    reason: Reason,
    incident_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="Only this incident.")] = None,
    match: Match = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Call nobody for a while: about one incident, or about all that fit."""
    if (incident_id is None) == (not match):
        raise InvalidError("Name an incident, or what must fit: --match name=AncloraLaneNotDraining.")
    client, seconds = Client(data_dir), _seconds(span)
    if incident_id is not None:
        wish: dict[str, Any] = {"seconds": seconds, "reason": reason}
        found = client.call("POST", f"{_PATH}/{incident_id}/silence", wish)
    else:
        wish = {"seconds": seconds, "reason": reason, "matches": _matches(match)}
        found = client.call("POST", "/api/v1/silences", wish)
    _show_silence(found, as_json=as_json)


@app.command()
def maintenance(
    span: For,
    reason: Reason,
    start: Start = None,
    match: Match = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """A maintenance window: nobody is called about what fits, or about anything."""
    wish = {"kind": "maintenance", "seconds": _seconds(span), "reason": reason, "matches": _matches(match)}
    wish |= {"starts_at": start} if start else {}
    _show_silence(Client(data_dir).call("POST", "/api/v1/silences", wish), as_json=as_json)


@app.command()
def silences(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Silences and maintenance windows that go on or are coming."""
    found = Client(data_dir).call("GET", "/api/v1/silences")["silences"]
    rows = [row | {"what": _spelled(row["matches"])} for row in found]
    show_rows(found if as_json else rows, _SILENCES, as_json=as_json, empty="There is none.")


@app.command()
def unsilence(
    silence_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of the silence.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End a silence or a maintenance window early."""
    _show_silence(Client(data_dir).call("DELETE", f"/api/v1/silences/{silence_id}"), as_json=as_json)


@app.command()
def postmortem(incident_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """A draft in Markdown, with what was measured filled in."""
    found = Client(data_dir).call("GET", f"{_PATH}/{incident_id}/postmortem")
    if as_json:
        show_json(found)
    else:
        print(found["markdown"], end="")


@app.command()
def changes(
    since: Annotated[str | None, typer.Option(help="From when on; a week ago by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What was deployed, set or paused, the newest first."""
    found = Client(data_dir).get("/api/v1/changes", {"since": since, "limit": str(limit)})["changes"]
    show_rows(found, _CHANGES, as_json=as_json, empty="Nothing was changed.")


def _act(data_dir: Any, incident_id: UUID, verb: str, wish: dict[str, Any], *, as_json: bool) -> None:
    found = Client(data_dir).call("POST", f"{_PATH}/{incident_id}/{verb}", wish)
    show_facts(found if as_json else _facts(found), as_json=as_json)


def _facts(one: dict[str, Any]) -> dict[str, Any]:
    took = one["ack_seconds"]
    return {name: one[name] for name in _FACTS} | {"ack_seconds": None if took is None else round(took)}


def _show_silence(found: dict[str, Any], *, as_json: bool) -> None:
    show_facts(found if as_json else found | {"matches": _spelled(found["matches"])}, as_json=as_json)


def _seconds(text: str) -> float:
    match = _SPAN.match(text.strip())
    if match is None:
        raise InvalidError(f"{text[:30]!r} is no span of time; write it as 30m, 2h or 1d.")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _matches(pairs: list[str] | None) -> dict[str, str]:
    for pair in pairs or []:
        if "=" not in pair:
            raise InvalidError(f"{pair[:50]!r} has no =; write it as name=AncloraLaneNotDraining.")
    return dict(pair.split("=", 1) for pair in pairs or [])


def _spelled(matches: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(matches.items())) or "everything"
