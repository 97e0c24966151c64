"""`anclora send`: one message, of the kinds people send from a command line; the API takes them all."""

from pathlib import Path
from typing import Annotated, Any

import typer

from anclora.cli.client import Client
from anclora.cli.messages import Zone, whole
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json


def send(
    to: Annotated[str, typer.Option(help="Phone number, e.g. +34600111222.")],
    text: Annotated[str | None, typer.Option(help="What to say; with a file, its caption.")] = None,
    instance: Annotated[str | None, typer.Option(help="Number to send from.")] = None,
    image: Annotated[str | None, typer.Option(help="Address of a picture; --text becomes its caption.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file of this machine: picture, video, sound, document.")] = None,
    location: Annotated[str | None, typer.Option(help="A place as LAT,LON, e.g. 40.41678,-3.70379.")] = None,
    reaction: Annotated[str | None, typer.Option(help="An emoji on the message of --reply-to.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="The message it answers: our id or the provider's.")] = None,
    typing_ms: Annotated[int | None, typer.Option(help="Show for so long before that we write; up to 10000.")] = None,
    send_at: Annotated[str | None, typer.Option(help="Not before, e.g. 2026-01-31T09:00:00+01:00.")] = None,
    send_zone: Zone = None,
    client_ref: Annotated[str | None, typer.Option(help="Your own reference; never makes a second message.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Send one message."""
    given = {"--image": image, "--file": file, "--location": location, "--reaction": reaction}
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are two messages; send one after the other.")
    client = Client(data_dir)
    draft: dict[str, Any] = {"to": to, "instance": instance, "send_at": send_at and whole(send_at)}
    draft |= {"send_zone": send_zone, "client_ref": client_ref, "reply_to": reply_to, "typing_ms": typing_ms}
    if image is not None:
        draft |= {"type": "image", "media": {"url": image}, "caption": text}
    elif file is not None:
        draft |= _file(client.upload(file), text)
    elif location is not None:
        draft |= {"type": "location", "location": _place(location, text)}
    elif reaction is not None:
        if reply_to is None:
            raise typer.BadParameter("Say with --reply-to which message it is for.", param_hint="--reaction")
        draft |= {
            "type": "reaction",
            "reaction": {"target": reply_to, "emoji": reaction},
            "reply_to": None,
            "text": text,
        }
    else:
        draft["text"] = text
    body = {name: value for name, value in draft.items() if value is not None}
    answer = client.call("POST", "/api/v1/messages", body)
    if as_json:
        show_json(answer)
        return
    console.print(f"{answer['id']}  {answer['state']}  to {answer['to']}")
    console.print(f"[dim]follow it: anclora messages show {answer['id']}[/dim]")


def _file(kept: dict[str, Any], text: str | None) -> dict[str, Any]:
    return {"type": kept["type"], "media": {"stored": kept["hash"]}, "caption": text}


def _place(location: str, name: str | None) -> dict[str, Any]:
    try:
        latitude, longitude = (float(part) for part in location.split(","))
    except ValueError:
        raise typer.BadParameter("Write LAT,LON in degrees, e.g. 40.41678,-3.70379.", param_hint="--location") from None
    place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    return place | ({"name": name} if name else {})
