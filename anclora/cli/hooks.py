"""`anclora hooks`: who hears of events by webhook, how they fare, and telling again."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="Webhooks out: who hears of events, and how they fare.")
_PATH = "/api/v1/hooks"
_COLUMNS = ("id", "name", "url", "status", "waiting", "why")
_DELIVERIES = ("event_id", "type", "state", "attempts", "last_status", "last_error", "ended_at")
_REQUESTS = ("at", "events", "status", "duration_ms", "error", "answer")
Id = Annotated[UUID, typer.Argument(metavar="ID", help="Id of the subscription, as the list shows it.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="Of events: message.sent, message.*, or *. Repeat it.")]
Name = Annotated[str | None, typer.Option(help="What people call it.")]
Batch = Annotated[int | None, typer.Option(min=1, max=500, help="Events in one request; 1 = an object, else an array.")]
Linger = Annotated[float | None, typer.Option(min=0, max=60, help="Seconds an event waits for company.")]


@app.command("list")
def find(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Every subscription, and what it waits for. Ends with 1 when one is paused by the program."""
    hooks = Client(data_dir).call("GET", _PATH)["hooks"]
    show_rows(hooks, _COLUMNS, as_json=as_json, empty="Nobody subscribes. Begin with: anclora hooks create URL")
    if any(hook["paused_by"] in ("failures", "gone") for hook in hooks):
        raise typer.Exit(1)


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where to, e.g. https://crm.example.com/anclora.")],
    types: Types = None,
    name: Name = None,
    batch: Batch = None,
    linger: Linger = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Subscribe an address to types of events, all unless some are named; shows the secret it is signed with."""
    made = Client(data_dir).call("POST", _PATH, {"url": url, **_wish(types or ["*"], name, batch, linger)})
    show_facts(made if as_json else made["hook"] | {"secret": made["secret"]}, as_json=as_json)


@app.command()
def change(
    hook_id: Id,
    url: Annotated[str | None, typer.Option(help="Another address; what waits goes there.")] = None,
    types: Types = None,
    name: Name = None,
    batch: Batch = None,
    linger: Linger = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Change what is named; the rest stays."""
    wish = _wish(types, name, batch, linger) | ({"url": url} if url else {})
    show_facts(Client(data_dir).call("PATCH", f"{_PATH}/{hook_id}", wish), as_json=as_json)


@app.command()
def show(hook_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """How one fares, what waits for it and why."""
    show_facts(Client(data_dir).call("GET", f"{_PATH}/{hook_id}"), as_json=as_json)


@app.command()
def pause(
    hook_id: Id,
    why: Annotated[str, typer.Option(help="The reason, for whoever finds it paused.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Post nothing to it for now; what happens meanwhile waits."""
    show_facts(Client(data_dir).call("POST", f"{_PATH}/{hook_id}/pause", {"why": why}), as_json=as_json)


@app.command()
def resume(hook_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Post to it again, one event first."""
    show_facts(Client(data_dir).call("POST", f"{_PATH}/{hook_id}/resume"), as_json=as_json)


@app.command()
def delete(hook_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """End a subscription; what was on its way to it is not posted any more."""
    gone = Client(data_dir).call("DELETE", f"{_PATH}/{hook_id}")
    show_facts(gone if as_json else {"deleted": gone["id"]}, as_json=as_json)


@app.command()
def deliveries(
    hook_id: Id,
    event: Annotated[UUID | None, typer.Option(help="Only this event, with what was posted and answered.")] = None,
    state: Annotated[str | None, typer.Option(help="Only waiting, delivered or failed ones.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Last event of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What it was told, the newest event first."""
    client, path = Client(data_dir), f"{_PATH}/{hook_id}/deliveries"
    if event is not None:
        _show_one(client.call("GET", f"{path}/{event}"), as_json=as_json)
        return
    asked = {"state": state, "before": before, "limit": limit}
    page = client.call("GET", f"{path}?{urlencode({k: v for k, v in asked.items() if v is not None})}")
    if as_json:
        show_json(page)
    else:
        show_rows(page["deliveries"], _DELIVERIES, as_json=False, empty="It was told nothing yet.")


@app.command()
def replay(
    hook_id: Id,
    event: Annotated[UUID | None, typer.Option(help="This event, whatever became of it.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this moment on: 2026-01-31T09:00:00+01:00.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="And before this one; now, unless given.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what it took already.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Tell it again: one event, or of a span what it was never told and what was given up. Ids stay the same."""
    if (event is None) == (since is None):
        raise InvalidError("Name an --event, or a span: --from, and --to if it is not now.", code="nothing_chosen")
    wish = {"event_id": str(event) if event else None, "from": since, "to": until, "again": again}
    answer = Client(data_dir).call("POST", f"{_PATH}/{hook_id}/replay", wish)
    if as_json:
        show_json(answer)
    else:
        console.print(f"{answer['count']:,} on their way.")


@app.command("test")
def post_test(hook_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Post a `hook.test` to it, by the way all events go."""
    sent = Client(data_dir).call("POST", f"{_PATH}/{hook_id}/test")
    if as_json:
        show_json(sent)
    else:
        console.print(f"On its way. See: anclora hooks deliveries {hook_id} --event {sent['event_id']}")


@app.command()
def secret(
    hook_id: Id,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new one; the old one is good for a day.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What requests to it are signed with."""
    found = Client(data_dir).call("POST" if rotate else "GET", f"{_PATH}/{hook_id}/secret")
    show_facts(found, as_json=as_json)


def _wish(types: list[str] | None, name: str | None, batch: int | None, linger: float | None) -> dict[str, Any]:
    given = {"types": types, "name": name, "batch_size": batch, "linger_seconds": linger}
    return {key: value for key, value in given.items() if value is not None}


def _show_one(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    show_facts(found["delivery"] | {"payload": found["payload"]}, as_json=False)
    show_rows(found["requests"], _REQUESTS, as_json=False, empty="No request yet.")
