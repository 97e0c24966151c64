"""Sets the stage for one recording: the script and the world its answer presupposes, read from the recording itself."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from sandbox_report import GLOBAL_KEY, Recording

from anclora.providers.sandbox.bodies import SETTINGS, jid_of
from anclora.providers.sandbox.script import FAULTS, Fault, Integration, Number, Pick, Script, State
from anclora.providers.sandbox.store import Row, Update
from anclora.providers.sandbox.world import Instance, World

_NEVER_CONNECTED = "bai-main"  # of the group baileys_offline


def name_of(recording: Recording) -> str | None:
    """The number a recording speaks of."""
    path, _, query = recording.request["path"].partition("?")
    parts = path.split("/")[1:]
    if parts[:2] == ["instance", "fetchInstances"]:
        return dict(parse_qsl(query)).get("instanceName")
    if parts[:2] == ["instance", "create"]:
        return recording.request["body"].get("instanceName")
    return unquote(parts[2], errors="replace") if len(parts) == 3 else None


def integration_of(name: str) -> Integration:
    """The recorder named its numbers by channel."""
    if name.startswith("bai"):
        return "WHATSAPP-BAILEYS"
    return "WHATSAPP-BUSINESS" if name.startswith("wab") else "EVOLUTION"


def script_of(recording: Recording) -> Script:
    """What must go wrong for this answer."""
    body = recording.request["body"]
    number = body.get("number") if isinstance(body, dict) else None
    absent = _absent(recording)
    faults = tuple(Fault(kind=name) for name, kind in FAULTS.items() if kind.status and kind.message == recording.words)
    aliases: dict[str, str] = {}
    if isinstance(number, str) and "key" in (recording.answer or {}) and "@" not in number:
        answered = str(recording.answer["key"]["remoteJid"]).partition("@")[0]
        if answered != jid_of(number).partition("@")[0]:
            aliases["".join(filter(str.isdigit, number))] = answered
    return Script(instances=(), faults=faults[:1], not_on_whatsapp=Pick(numbers=absent), aliases=aliases)


def _absent(recording: Recording) -> frozenset[str]:
    answer = recording.answer if isinstance(recording.answer, list) else recording.words
    entries = [entry for entry in answer or [] if isinstance(entry, dict) and entry.get("exists") is False]
    if "/chat/sendPresence" in recording.request["path"] and recording.words == ["[object Object]"]:
        return frozenset({str(recording.request["body"]["number"])})
    return frozenset(str(entry["jid"]).partition("@")[0] for entry in entries)


def arrange(world: World, recording: Recording) -> None:
    """Make the numbers, webhooks and rows the answer shows."""
    name, path = name_of(recording), recording.request["path"]
    if "/fetchInstances" in path and recording.status in {200, 404}:
        for row in recording.answer if recording.status == 200 else ():
            _fetched(world, row)
        return
    if "/instance/create" in path:
        if recording.status == 403:
            world.add(Number(name=name or "any", integration="EVOLUTION"))
        return
    if name is None or recording.words == [f'The "{name}" instance does not exist']:
        return
    key = recording.request["headers"].get("apikey")
    token = key if key != GLOBAL_KEY and recording.status != 401 else None
    instance = world.add(Number(name=name, state=_state(recording), token=token, integration=integration_of(name)))
    answer = recording.answer
    _paired(instance, recording)
    if "/webhook/" in path and recording.status in {200, 201} and answer is not None:
        _webhook(world, instance, answer)
    elif "/chat/findMessages" in path and recording.status == 200:
        _messages(instance, recording)
    elif "/chat/findStatusMessage" in path and recording.status == 200:
        _statuses(instance, recording.answer)
    elif recording.status in {200, 201} and isinstance(recording.request["body"], dict):
        _spoken_of(instance, recording)


def _spoken_of(instance: Instance, recording: Recording) -> None:
    """The earlier message that a quote, an edit or a deletion speaks of."""
    body, answer = recording.request["body"], recording.answer
    context = answer.get("contextInfo") or {} if isinstance(answer, dict) else {}
    message = context.get("quotedMessage") or {"conversation": "earlier"}
    if "quotedMessage" in context:
        instance.owner_jid = context["participant"]
    key = body.get("quoted", {}).get("key") or body.get("key") or ({"id": body["id"]} if "id" in body else {})
    if "id" in key:
        address = key.get("remoteJid") or f"{body.get('number')}@s.whatsapp.net"
        row = _row({"remoteJid": address, "fromMe": True, "id": key["id"]}, 1)
        row.message = _raw(message)
        instance.store.add(row)


def _paired(instance: Instance, recording: Recording) -> None:
    """Its codes, its settings, and whether it ever tried to connect."""
    instance.socket = instance.name != _NEVER_CONNECTED
    if isinstance(recording.answer, dict) and recording.answer.get("base64"):
        instance.qr = recording.answer
    if "/settings/find/" in recording.request["path"] and recording.status == 200:
        instance.settings = recording.answer


def _state(recording: Recording) -> State:
    path, answer = recording.request["path"], recording.answer
    shown = answer.get("instance", {}).get("state") if isinstance(answer, dict) else None
    if shown is not None:
        return shown
    refused = isinstance(answer, dict) and (answer.get("error") is True or answer.get("isBoom"))
    lost = "/chat/" in path and "Error: Connection Closed" in (recording.words or ())
    connecting = "/connect/" in path and (
        answer in ({}, {"count": 0}) or (isinstance(answer, dict) and "base64" in answer)
    )
    if "/restart/" in path and answer == {"count": 0}:
        return "connecting"
    logged_out = "/logout/" in path and recording.status == 400
    never = name_of(recording) == _NEVER_CONNECTED
    return "close" if refused or connecting or logged_out or lost or never else "open"


def _fetched(world: World, row: dict[str, Any]) -> None:
    number = Number(
        name=row["name"],
        state=row["connectionStatus"],
        token=row["token"],
        integration=row["integration"],
        owner=(row["ownerJid"] or "0").partition("@")[0],
    )
    instance = world.add(number)
    instance.owner_jid = row["ownerJid"]
    instance.number, instance.business_id = row["number"], row["businessId"]
    instance.settings = {name: row["Setting"][name] for name in SETTINGS}
    for position in range(row["_count"]["Message"]):
        instance.store.add(_row({"id": str(position), "fromMe": True, "remoteJid": "x"}, position))
    instance.contacts |= {str(position) for position in range(row["_count"]["Contact"])}


def _webhook(world: World, instance: Instance, row: dict[str, Any]) -> None:
    """The row before the request: what a partial set leaves alone is what the answer shows."""
    names = {"url": "url", "enabled": "enabled", "headers": "headers"}
    names |= {"byEvents": "webhookByEvents", "base64": "webhookBase64"}
    world.set_webhook(instance, {name: row[shown] for name, shown in names.items()}, events=row["events"])


def _messages(instance: Instance, recording: Recording) -> None:
    """The recorded rows at their place, between rows that fit the same question."""
    body, answer = recording.request["body"], recording.answer["messages"]
    size, page, records = body.get("offset") or 50, body.get("page") or 1, answer["records"]
    newer = min((page - 1) * size, answer["total"])
    rows = [_recorded(record) for record in records]
    filler = body.get("where", {}).get("key", {}).get("remoteJid", "x")
    pattern = records[0] if records else {"key": {"remoteJid": filler, "fromMe": True}, "messageType": "conversation"}
    older = answer["total"] - newer - len(rows)
    instance.store = type(instance.store)(instance.id, bound=1_000)
    for position in range(older):
        instance.store.add(_filler(pattern, f"older{position}", rows[-1].timestamp if rows else 1))
    for row in reversed(rows):
        instance.store.add(row)
    for position in range(newer):
        instance.store.add(_filler(pattern, f"newer{position}", rows[0].timestamp if rows else 1))


def _recorded(record: dict[str, Any]) -> Row:
    row = _row(record["key"], record["messageTimestamp"], record["messageType"])
    row.message = _raw(record["message"])
    row.push_name, row.source = record["pushName"], record["source"]
    row.context = None if record["contextInfo"] is None else _raw(record["contextInfo"])
    row.updates = [Update(id="u", status=update["status"]) for update in record["MessageUpdate"]]
    return row


def _filler(pattern: dict[str, Any], name: str, timestamp: int) -> Row:
    return _row(pattern["key"] | {"id": name}, timestamp, pattern["messageType"])


def _row(key: dict[str, Any], timestamp: int, message_type: str = "conversation") -> Row:
    return Row(
        id="r",
        key=key,
        message_type=message_type,
        message=_raw({}),
        timestamp=timestamp,
        source="unknown",
    )


def _statuses(instance: Instance, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        row = instance.store.get(entry["keyId"])
        if row is None:
            row = _row({"id": entry["keyId"], "fromMe": entry["fromMe"], "remoteJid": entry["remoteJid"]}, 1)
            instance.store.add(row)
        row.updates.append(Update(id="u", status=entry["status"]))


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def sent(recording: Recording) -> tuple[dict[str, str], bytes | None]:
    """The recorded headers and the bytes the recorded body stood for."""
    headers: dict[str, str] = dict(recording.request["headers"])
    body = recording.request["body"]
    if body is None:
        return headers, None
    if not isinstance(body, dict) or not body.keys() & {"_raw", "_multipart"}:
        return headers, json.dumps(body).encode()
    if "_raw" in body:
        return headers, body["_raw"].encode()
    return headers, _multipart(body["_multipart"], headers["content-type"].partition("boundary=")[2])


def _multipart(form: dict[str, Any], boundary: str) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items()
    ]
    file = form["file"]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file["filename"]}"\r\n'
    parts.append(f"{head}Content-Type: {file['content_type']}\r\n\r\n".encode())
    return b"".join([*parts, base64.b64decode(file["base64"]), f"\r\n--{boundary}--\r\n".encode()])
