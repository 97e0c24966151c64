"""`anclora instances create|qr|restart|health|watch|logout|delete|settings|proxy|webhook`: the life of a number."""

import base64
import io
import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import segno
import typer
from rich.text import Text

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import AncloraError

_LOOK_SECONDS = 2.0
_TURNS = ("at", "was", "status", "reason")
_MENDS = ("began_at", "remedy", "found", "result", "detail")
Name = Annotated[str, typer.Argument(help="The number's name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Wait = Annotated[int, typer.Option("--wait-seconds", min=0, help="How long to wait for somebody to scan.")]


def create(
    name: Annotated[str, typer.Argument(help="A name for it, up to 100 characters.")],
    phone: Annotated[str | None, typer.Option(help="Its number (digits), to pair by a typed code.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make a number at the provider; pair it next."""
    made = Client(data_dir).call("POST", "/api/v1/instances", {"name": name} | ({"phone": phone} if phone else {}))
    if as_json:
        show_json(made)
    else:
        console.print(Text(f"{name} is made. Pair it now: anclora instances qr {name}"))


def qr(
    name: Name,
    phone: Annotated[str | None, typer.Option(help="Type a code on this phone (digits) instead of scanning.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write the picture into this file instead.")] = None,
    wait_seconds: Wait = 180,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show the code to pair a number with, until it is scanned; 1 when nobody did. JSON comes line by line."""
    client = Client(data_dir)
    found = client.call("POST", _path(name, "pair"), {"phone": phone} if phone else {})
    deadline, last = time.monotonic() + wait_seconds, None
    while True:
        code = found["qr"] or found["code"]
        if found["state"] != "open" and code is not None and code != last:
            last = code
            _show_code(found, png, as_json=as_json)
        if found["state"] == "open" or time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_SECONDS)
        found = client.call("GET", _path(name, "qr"))
    connected = found["state"] == "open"
    if as_json:
        _show_line({"instance": name, "state": found["state"], "paired": connected})
    else:
        ends = "is connected." if connected else f"is not connected yet. Again: anclora instances qr {name}"
        console.print(Text(f"{name} {ends}"))
    if not connected:
        raise typer.Exit(1)


def _show_code(found: dict[str, Any], png: Path | None, *, as_json: bool) -> None:
    if png is not None and found["png"]:
        png.write_bytes(base64.b64decode(found["png"]))
    if as_json:
        _show_line(found)
        return
    if png is not None and found["png"]:
        console.print(Text(f"The code is in {png}. On the phone: WhatsApp, Linked devices, Link a device."))
    elif found["qr"]:
        drawn = io.StringIO()
        segno.make(found["qr"], error="l", micro=False).terminal(drawn, compact=True)
        console.print(Text.from_ansi(drawn.getvalue()))
        console.print("On the phone: WhatsApp, Linked devices, Link a device.")
    if found["code"]:
        console.print(Text(f"Or type this on the phone: {found['code']}"))


def restart(name: Name, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Do what makes it work again: a closed number is connected, any other restarted."""
    done = Client(data_dir).call("POST", _path(name, "restart"))
    if as_json:
        show_json(done)
        return
    words = {"connect": "was closed and is being connected", "restart": f"was {done['state']} and is being restarted"}
    console.print(Text(f"{name} {words[done['did']]}."))
    if done["asks_for_code"]:
        console.print(Text(f"It asks for a code: anclora instances qr {name}"))


def health(
    name: Annotated[str | None, typer.Argument(help="One number, with its history; else all we expect.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Whether messages flow through every number we expect. Ends with 1 when one is missing or not connected."""
    client = Client(data_dir)
    if name is None:
        found = client.call("GET", "/api/whatsapp/instances")["instances"]
        ill = [each for each in found if each["status"] != "connected"]
        if as_json:
            show_json({"healthy": bool(found) and not ill, "instances": found})
        else:
            empty = "No number is known yet: anclora instances create NAME"
            show_rows(found, ("name", "status", "since", "reason"), as_json=False, empty=empty)
        if ill or not found:
            names = ", ".join(f"{each['name']} ({each['status']})" for each in ill)
            _finding(f"Not connected: {names}" if ill else "", as_json=as_json)
        return
    found = client.call("GET", _path(name, "health"))
    if as_json:
        show_json(found)
    else:
        history, mends = found.pop("history"), found.pop("mends")
        show_facts(found, as_json=False)
        console.print()
        show_rows(history, _TURNS, as_json=False, empty="Nothing changed yet.")
        if mends:
            console.print()
            show_rows(mends, _MENDS, as_json=False, empty="")
    if found["status"] != "connected":
        raise typer.Exit(1)


def _finding(sentence: str, *, as_json: bool) -> None:
    if sentence and not as_json:
        console.print(Text(sentence, style="bold"))
    raise typer.Exit(1)


def watch(
    seconds: Annotated[int, typer.Option(min=0, help="Stop after so long; 0 = at Ctrl-C.")] = 0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Tell every change of a number as it happens. JSON comes line by line."""
    client, known = Client(data_dir), dict[str, str]()
    deadline = time.monotonic() + seconds if seconds else float("inf")
    while True:
        for each in client.call("GET", "/api/whatsapp/instances")["instances"]:
            if known.get(each["name"]) != each["status"]:
                was = known.get(each["name"])
                known[each["name"]] = each["status"]
                if as_json:
                    _show_line(each | {"was": was})
                else:
                    why = f"  {each['reason']}" if each.get("reason") else ""
                    console.print(Text(f"{time.strftime('%H:%M:%S')}  {each['name']}  {each['status']}{why}"))
        if time.monotonic() >= deadline:
            return
        time.sleep(_LOOK_SECONDS)


def logout(name: Name, yes: Yes = False, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """End the pairing of a number: a person must scan a code afterwards."""
    _sure(f"logs {name} out, and a person must scan a code afterwards", yes=yes)
    _say(Client(data_dir).call("POST", _path(name, "logout")), f"{name} is logged out.", as_json=as_json)


def delete(name: Name, yes: Yes = False, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Give a number up, here and at the provider. What was sent and received stays."""
    _sure(f"removes {name} here and at the provider", yes=yes)
    _say(Client(data_dir).call("DELETE", _path(name)), f"{name} is removed.", as_json=as_json)


def _sure(what: str, *, yes: bool) -> None:
    if not yes:
        raise AncloraError(f"This {what}. Say --yes if that is meant.", code="not_confirmed")


def settings(
    name: Name,
    reject_calls: Annotated[bool | None, typer.Option(help="Decline calls.")] = None,
    reject_text: Annotated[str | None, typer.Option(help="What a caller is told then.")] = None,
    ignore_groups: Annotated[bool | None, typer.Option(help="Do not report group messages.")] = None,
    always_online: Annotated[bool | None, typer.Option(help="Be shown as online.")] = None,
    read_messages: Annotated[bool | None, typer.Option(help="Mark as read what arrives.")] = None,
    read_status: Annotated[bool | None, typer.Option(help="Mark statuses as seen.")] = None,
    full_history: Annotated[bool | None, typer.Option(help="Read the phone's history at the next pairing.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """How a number behaves; with options, change it."""
    options = {
        "reject_calls": reject_calls,
        "reject_text": reject_text,
        "ignore_groups": ignore_groups,
        "always_online": always_online,
        "read_messages": read_messages,
        "read_status": read_status,
        "full_history": full_history,
    }
    given = {key: value for key, value in options.items() if value is not None}
    client = Client(data_dir)
    found = client.call("GET", _path(name, "settings"))
    if given:
        found = client.call("PUT", _path(name, "settings"), found | given)
    show_facts(found if as_json else {key: _switch(value) for key, value in found.items()}, as_json=as_json)


def _switch(value: Any) -> Any:
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def proxy(
    name: Name,
    url: Annotated[str | None, typer.Argument(help="http://user:password@host:port, or none.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The way of a number to WhatsApp; with an address, change it."""
    client = Client(data_dir)
    if url is None:
        found = client.call("GET", _path(name, "proxy"))["proxy"]
    else:
        found = client.call("PUT", _path(name, "proxy"), {"proxy": None if url == "none" else _proxy(url)})["proxy"]
    if as_json:
        show_json({"proxy": found})
    elif found is None:
        console.print("None of its own.")
    else:
        show_facts(found, as_json=False)


def _proxy(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.scheme or not parts.hostname or port is None:
        raise typer.BadParameter("Write it as http://user:password@host:port, or none.", param_hint="URL")
    given = {"username": parts.username, "password": parts.password}
    return {"protocol": parts.scheme, "host": parts.hostname, "port": port} | {
        key: value for key, value in given.items() if value
    }


def webhook(
    name: Name,
    repair: Annotated[bool, typer.Option("--repair", help="Point its events at us, whatever is there.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Whether a number's events reach us. Ends with 1 when they do not."""
    found = Client(data_dir).call("POST" if repair else "GET", _path(name, "webhook"))
    if as_json:
        show_json(found)
    else:
        show_facts(found | {"drift": ", ".join(found["drift"]) or "none"}, as_json=False)
    if found["drift"]:
        raise typer.Exit(1)


def _show_line(value: dict[str, Any]) -> None:
    """One of several JSON documents, each on its line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _say(done: Any, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json(done)
    else:
        console.print(Text(sentence))


def _path(name: str, *more: str) -> str:
    return "/".join(("/api/v1/instances", quote(name, safe=""), *more))


COMMANDS = (create, qr, restart, health, watch, logout, delete, settings, proxy, webhook)
