"""`anclora queue dlq list|requeue|discard`: what was given up, and what becomes of it."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="Dead letters: what was given up.")
_COLUMNS = ("id", "to", "instance", "reason_code", "attempts", "last", "died_at")
_AT_ONCE = 500
Instance = Annotated[str | None, typer.Option(help="Only those of this number of ours.")]
Reason = Annotated[str | None, typer.Option(help="Only those given up for this reason code.")]
Ids = Annotated[list[UUID] | None, typer.Argument(help="Ids, as the list shows them.")]
Everything = Annotated[bool, typer.Option("--all", help="All there are.")]


@app.command("list")
def find(
    instance: Instance = None,
    reason: Reason = None,
    before: Annotated[UUID | None, typer.Option(help="Last id of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The newest first, and how many there are by reason."""
    asked = {"instance": instance, "reason": reason, "before": before, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    page = Client(data_dir).call("GET", f"/api/v1/dead-letters?{query}")
    if as_json:
        show_json(page)
        return
    rows = [letter | {"last": _last(letter["last"])} for letter in page["dead_letters"]]
    show_rows(rows, _COLUMNS, as_json=False, empty="There are no dead letters.")
    if page["counts"]:
        console.print("\n" + ", ".join(f"{count:,} {reason}" for reason, count in page["counts"].items()))


@app.command()
def requeue(
    ids: Ids = None,
    instance: Instance = None,
    reason: Reason = None,
    everything: Everything = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Send them again, behind all that waits, at their number's pace."""
    choice = _choice(ids, instance, reason, everything=everything)
    _act(Client(data_dir), "requeue", choice, as_json=as_json)


@app.command("discard")
def discard(
    why: Annotated[str, typer.Option(help="The reason; it stays with the message.")],
    ids: Ids = None,
    instance: Instance = None,
    reason: Reason = None,
    everything: Everything = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Cancel them for good."""
    choice = _choice(ids, instance, reason, everything=everything)
    _act(Client(data_dir), "discard", choice | {"why": why}, as_json=as_json)


def _choice(ids: list[UUID] | None, instance: str | None, reason: str | None, *, everything: bool) -> dict[str, Any]:
    chosen = {"ids": [str(each) for each in ids] if ids else None, "instance": instance, "reason": reason}
    return {name: value for name, value in chosen.items() if value} | ({"everything": True} if everything else {})


def _act(client: Client, verb: str, choice: dict[str, Any], *, as_json: bool) -> None:
    """Until none is left that was there when it began."""
    answer = client.call("POST", f"/api/v1/dead-letters/{verb}", choice)
    total, rounds = answer["count"], answer["left"] // _AT_ONCE + 1
    while answer["left"] and answer["count"] and rounds:
        answer = client.call("POST", f"/api/v1/dead-letters/{verb}", choice)
        total, rounds = total + answer["count"], rounds - 1
    if as_json:
        show_json({"count": total, "left": answer["left"]})
    else:
        console.print(f"{total:,} {'requeued' if verb == 'requeue' else 'discarded'}.")


def _last(last: dict[str, Any] | None) -> str:
    return " ".join(str(part) for part in (last["outcome"], last["code"]) if part) if last else ""
