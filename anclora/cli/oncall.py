"""`anclora oncall show|person|duty|rotation|override|swap|holiday|lint|handoff|accept|figures`: who is called."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, moment, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError
from anclora.oncall import Duty, Layer
from anclora.oncall.document import local

app = typer.Typer(no_args_is_help=True, help="On call: who is called, when, and how a shift is handed over.")
_PATH = "/api/v1/oncall"
_SHIFTS = ("from", "to", "on call", "backup")
_PEOPLE = ("name", "channels", "reachable")
_FINDINGS = ("kind", "from", "to", "text")
_COUNTS = ("severity", "opened", "acknowledged", "within_target", "ended_alone", "waiting")
_ANSWERED = (*_COUNTS, "p50_seconds", "p95_seconds")
_LOAD = ("person", "pages", "at_night", "p50_ack_seconds", "p95_ack_seconds")
Name = Annotated[str, typer.Argument(metavar="NAME", help="As the team says it.")]
Why = Annotated[str, typer.Option(help="The reason.")]
LayerOption = Annotated[Layer, typer.Option(help="primary is called first, backup when that one does not answer.")]


@app.command()
def show(
    at: Annotated[str | None, typer.Option(help="At that moment: 2026-01-31T09:00:00+01:00.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Who is responsible, and the plan of four weeks."""
    found = Client(data_dir).get(_PATH, {"at": at})
    if as_json:
        show_json(found)
        return
    now = found["now"]
    names = {"on call": now["primary"], "backup": now["backup"], "DevOps lead": now["devops_lead"], "CTO": now["cto"]}
    show_facts({role: name or "nobody" for role, name in names.items()}, as_json=False)
    if now["waiting_since"]:
        console.print(f"The hand-off of {moment(now['waiting_since'])} is not accepted yet.")
    console.print()
    show_rows(_plan(found), _SHIFTS, as_json=False, empty="Nobody has a turn. Begin with: anclora oncall rotation")
    console.print()
    people = [each | {"channels": ", ".join(each["channels"])} for each in found["people"]]
    show_rows(people, _PEOPLE, as_json=False, empty="Nobody is entered. Begin with: anclora oncall person")


@app.command()
def person(
    name: Name,
    way: Annotated[
        list[str] | None, typer.Option("--way", help="How they are reached: email=ana@example.com, voice=+34600111222.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take them out.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Enter somebody with all their ways, or take them out."""
    client, path = Client(data_dir), f"{_PATH}/people/{quote(name, safe='')}"
    if remove:
        show_facts(client.call("DELETE", path), as_json=as_json)
        return
    ways: dict[str, list[str]] = {}
    for each in way or []:
        channel, sign, target = each.partition("=")
        if not sign:
            raise InvalidError(f"{each[:50]!r} has no =; write it as email=ana@example.com.")
        ways.setdefault(channel, []).append(target)
    made = client.call("PUT", path, {"ways": ways})
    show_facts(made if as_json else made | {"channels": ", ".join(made["channels"])}, as_json=as_json)


@app.command()
def duty(
    which: Annotated[Duty, typer.Argument(help="Which duty.")],
    name: Name,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say who is DevOps lead (called after 30 min) or CTO (after 60)."""
    show_facts(Client(data_dir).call("PUT", f"{_PATH}/duties/{which.value}", {"person": name}), as_json=as_json)


@app.command()
def rotation(
    people: Annotated[list[str], typer.Argument(metavar="NAME…", help="In turn, a week each.")],
    starts_on: Annotated[str, typer.Option("--from", help="The Monday the first of them begins on: 2026-01-05.")],
    layer: LayerOption = Layer.PRIMARY,
    at: Annotated[str, typer.Option(help="Time of the hand-offs, by the business clock.")] = "10:00",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say who follows whom from a Monday on."""
    wish = {"people": people, "starts_on": starts_on, "at": f"{at}:00" if at.count(":") == 1 else at}
    made = Client(data_dir).call("PUT", f"{_PATH}/rotations/{layer.value}", wish)
    show_facts(made if as_json else made | {"people": ", ".join(made["people"])}, as_json=as_json)


@app.command()
def override(
    name: Name,
    start: Annotated[str, typer.Option("--from", help="2026-01-31T22:00:00+01:00.")],
    end: Annotated[str, typer.Option("--to", help="2026-02-01T08:00:00+01:00.")],
    why: Why,
    layer: LayerOption = Layer.PRIMARY,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Give a time to somebody else."""
    wish = {"layer": layer.value, "person": name, "starts_at": start, "ends_at": end, "why": why}
    show_facts(Client(data_dir).call("POST", f"{_PATH}/overrides", wish), as_json=as_json)


@app.command()
def swap(
    first: Annotated[str, typer.Argument(help="Monday of the one week: 2026-01-05.")],
    second: Annotated[str, typer.Argument(help="Monday of the other.")],
    why: Why,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Exchange the people of two weeks."""
    found = Client(data_dir).call("POST", f"{_PATH}/swaps", {"first": first, "second": second, "why": why})
    if as_json:
        show_json(found)
        return
    show_rows(found["overrides"], ("person", "starts_at", "ends_at"), as_json=False, empty="")
    console.print(f"Take it back: anclora oncall cancel {found['id']}")


@app.command()
def cancel(
    override_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of the override or the swap.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Take an override or a swap back."""
    show_facts(Client(data_dir).call("DELETE", f"{_PATH}/overrides/{override_id}"), as_json=as_json)


@app.command()
def holiday(
    first_day: Annotated[str | None, typer.Argument(metavar="[DAY]", help="2026-12-25.")] = None,
    name: Annotated[str, typer.Option(help="What for.")] = "",
    last_day: Annotated[str | None, typer.Option("--to", help="Last day; else the same.")] = None,
    who: Annotated[str | None, typer.Option("--person", help="Whose; else everybody's.")] = None,
    remove: Annotated[UUID | None, typer.Option(help="Take days off back, by their id.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Enter days off; on those of everybody no warning calls anybody."""
    client = Client(data_dir)
    if remove is not None:
        show_facts(client.call("DELETE", f"{_PATH}/holidays/{remove}"), as_json=as_json)
        return
    if first_day is None or not name:
        raise InvalidError("Say which day and what for: anclora oncall holiday 2026-12-25 --name Navidad")
    wish = {"first_day": first_day, "last_day": last_day or first_day, "name": name, "person": who}
    show_facts(client.call("POST", f"{_PATH}/holidays", wish), as_json=as_json)


@app.command()
def lint(
    weeks: Annotated[int, typer.Option(min=1, max=26, help="How far ahead.")] = 4,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Check the weeks ahead. Ends with 1 when something is found."""
    answer = Client(data_dir).get(f"{_PATH}/lint", {"weeks": str(weeks)})
    found, zone = answer["findings"], answer["zone"]
    rows = [each | {"from": _local(each["starts_at"], zone), "to": _local(each["ends_at"], zone)} for each in found]
    show_rows(found if as_json else rows, _FINDINGS, as_json=as_json, empty="Nothing is wrong with it.")
    if found:
        raise typer.Exit(1)


@app.command()
def handoff(
    notes: Annotated[str | None, typer.Option(help="Add these notes for the next person.")] = None,
    notes_file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The same from a file.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The document of the hand-off that is coming, or was the last."""
    client, text = Client(data_dir), notes if notes_file is None else notes_file.read_text(encoding="utf-8")
    wish = None if text is None else {"notes": text}
    found = client.call("PUT", f"{_PATH}/handoff/notes", wish) if wish else client.call("GET", f"{_PATH}/handoff")
    if as_json:
        show_json(found)
        return
    print(found["document"], end="")
    console.print(f"\n({found['state']}: {found['from_person']} to {found['to_person']}, {moment(found['at'])})")


@app.command()
def accept(
    name: Annotated[str, typer.Option("--as", help="Who takes the shift.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Take the shift; until then the one before stays responsible."""
    found = Client(data_dir).call("POST", f"{_PATH}/handoff/accept", {"person": name})
    if as_json:
        show_json(found)
    else:
        console.print(f"{found['to_person']} takes the shift of {moment(found['at'])}.")


@app.command()
def figures(
    days: Annotated[int, typer.Option(min=1, max=366, help="Up to now.")] = 7,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """How fast incidents were acknowledged, and how the load was shared."""
    found = Client(data_dir).get(f"{_PATH}/figures", {"days": str(days)})
    if as_json:
        show_json(found)
        return
    show_rows(found["answered"], _ANSWERED, as_json=False, empty="")
    console.print()
    show_rows(found["load"], _LOAD, as_json=False, empty="Nobody was called.")


def _local(text: str, zone: str) -> str:
    return local(datetime.fromisoformat(text), zone)


def _plan(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Both layers side by side, a row for each stretch in which neither changes."""
    shifts = [*found["primary"], *found["backup"]]
    edges = sorted({each[edge] for each in shifts for edge in ("starts_at", "ends_at")})
    rows: list[dict[str, Any]] = []
    for start, end in pairwise(edges):
        names = [
            next((each["person"] for each in found[layer] if each["starts_at"] <= start < each["ends_at"]), None)
            for layer in ("primary", "backup")
        ]
        span = {"from": _local(start, found["zone"]), "to": _local(end, found["zone"])}
        rows.append({**span, "on call": names[0] or "nobody", "backup": names[1]})
    return rows if any(row["on call"] != "nobody" or row["backup"] for row in rows) else []
