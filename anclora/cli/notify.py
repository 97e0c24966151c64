"""`anclora notify channels|test`: the ways to people, and whether one works."""

import time
from typing import Annotated, Any

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows
from anclora.kit.severity import Severity

app = typer.Typer(no_args_is_help=True, help="The ways to people: Slack, PagerDuty, mail, calls, texts, a webhook.")
_COLUMNS = ("channel", "target", "state", "tries", "note")
_EVERY_SECONDS = 0.5


@app.command()
def channels(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Which channels the server has, whom they name, and which way a notice of each severity goes."""
    found = Client(data_dir).call("GET", "/api/v1/notices/channels")
    if as_json:
        show_json(found)
        return
    rows = [
        {"channel": each["name"], **{name: ", ".join(targets) for name, targets in each["targets"].items()}}
        for each in found["channels"]
    ]
    show_rows(rows, ("channel", *Severity), as_json=False, empty="No channel is configured; see docs/howto/alarms.md.")
    for severity, legs in reversed(found["ways"].items()):
        ways = ", ".join(" > ".join(leg) for leg in legs) or "nobody hears of it"
        console.print(f"{severity}: {ways}")


@app.command("test")
def try_out(
    channel: Annotated[str, typer.Option(help="slack, email, pagerduty, voice, sms or webhook.")],
    severity: Annotated[Severity, typer.Option(help="As loud as what: chooses Slack's channel.")] = Severity.INFO,
    wait: Annotated[float, typer.Option(min=0, max=300, help="Seconds to wait for how it ends.")] = 20.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Send a test to everybody a channel names, and see how that ends. Ends with 1 when it did not arrive."""
    client = Client(data_dir)
    key = client.call("POST", "/api/v1/notices/test", {"channel": channel, "severity": severity.value})["key"]
    deliveries = _ended(client, key, wait)
    arrived = bool(deliveries) and all(each["state"] == "delivered" for each in deliveries)
    if as_json:
        show_json({"key": key, "arrived": arrived, "deliveries": deliveries})
    else:
        rows = [each | {"note": each["last_text"] or "; ".join(each["left_out"])} for each in deliveries]
        show_rows(rows, _COLUMNS, as_json=False, empty="The channel names nobody.")
        if any(each["state"] == "waiting" for each in deliveries):
            console.print("It goes on trying. How that ends: anclora report told")
    if not arrived:
        raise typer.Exit(1)


def _ended(client: Client, key: str, wait_seconds: float) -> list[dict[str, Any]]:
    """The deliveries of a notice, once none of them waits, or as they are when the time is over."""
    until = time.monotonic() + wait_seconds
    while True:
        notices = client.call("GET", "/api/v1/notices?limit=200")["notices"]
        found = next((each["deliveries"] for each in notices if each["key"] == key), [])
        if time.monotonic() >= until or not any(each["state"] == "waiting" for each in found):
            return found
        time.sleep(_EVERY_SECONDS)
