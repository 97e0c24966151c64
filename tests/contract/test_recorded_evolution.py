"""Every recorded exchange of an Evolution API server, replayed: requests rebuilt, answers classified, webhooks parsed.

Written against the shape of the folder (`recordings.folder`), not against its files: other recordings run unchanged.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from failure_table import ROWS, expected, name_of, row_of
from inbound_by_hand import as_written, phone
from rebuilding import ACTS, COMMON, NAMED, Outside, content, send
from recordings import DEFAULT, SETTING, Tally, answered, differences, files

from anclora.kit.errors import ForbiddenError, InvalidError, NotFoundError, UnauthorizedError, UnavailableError
from anclora.kit.http import Answer, MaybeSent
from anclora.providers.contract import (
    ConnectionEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    ReceiptEvent,
    Text,
    fingerprint,
)
from anclora.providers.evolution import adapter, payloads, shapes, webhook
from anclora.providers.evolution.errors import failure_of, outcome_of
from anclora.providers.evolution.number_row import instance_in

NOW = datetime(2030, 1, 1, tzinfo=UTC)
# Members the contract names as optional (3.1, 3.5) and we may or may not send.
OPTIONAL = {
    "message/sendText": COMMON,
    "message/sendMedia": COMMON | {"mimetype", "fileName", "caption"},
    "message/sendWhatsAppAudio": COMMON | {"encoding"},
    "message/sendSticker": COMMON | {"notConvertSticker"},
    "message/sendLocation": COMMON,
    "message/sendContact": COMMON,
    "message/sendPoll": COMMON,
    "message/sendButtons": COMMON,
    "message/sendList": COMMON,
    "message/sendReaction": set[str](),
    "message/sendStatus": {"caption"},
    "chat/updateMessage": set[str](),
    "chat/deleteMessageForEveryone": {"participant"},
    "chat/markMessageAsRead": set[str](),
    "chat/whatsappNumbers": set[str](),
    "chat/sendPresence": set[str](),
    "chat/findMessages": {"page", "offset", "where.key", "where.key.fromMe", "where.key.remoteJidAlt"},
    "webhook/set": {"webhook.headers", "webhook.byEvents", "webhook.base64"},
}
# Statuses of other calls and the errors they stand for (contract 1.3).
CALL_ERRORS: Mapping[int, tuple[type, ...]] = {
    401: (UnauthorizedError,),
    403: (ForbiddenError,),
    404: (NotFoundError, UnavailableError),
    **dict.fromkeys((400, 409, 413, 415, 422), (InvalidError,)),
}
RANKS = {
    "ERROR": 0, "SERVER_ACK": 1, "DELIVERY_ACK": 2, "READ": 3, "PLAYED": 4, "FAILED": 0, "SENT": 1, "DELIVERED": 2,
}  # fmt: skip

TALLY = Tally()


@pytest.fixture(scope="session", autouse=True)
def tally(add_report: Callable[[Callable[[], list[str]]], None]) -> Tally:
    add_report(TALLY.lines)
    return TALLY


@pytest.mark.parametrize("file", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in files()])
def test_exchange(file: Path, tally: Tally) -> None:
    exchange = json.loads(file.read_text(encoding="utf-8"))
    group = exchange.get("group") or file.parent.name
    failures: list[str] = []
    checks: list[tuple[str, Callable[[], None]]] = [
        ("classified", lambda: _classified(exchange, tally)),
        ("rebuilt", lambda: _rebuilt(exchange)),
        ("read", lambda: _read(exchange)),
        ("shown", lambda: _shown(exchange)),
        *(("parsed", lambda hook=hook: _parsed(hook["body"])) for hook in exchange.get("webhooks") or ()),
    ]
    for kind, check in checks:
        try:
            check()
        except Outside as rule:
            tally.outside[kind][str(rule)] += 1
            continue
        except AssertionError as error:
            failures.append(f"{kind}: {error}")
        else:
            tally.done[group, kind] += 1
        tally.asked[group, kind] += 1
    assert not failures, "\n".join(failures)


def _operation(exchange: Mapping[str, Any]) -> tuple[str, str]:
    """Group/action of a recorded path, and the instance."""
    parts = urlsplit(exchange["request"]["path"]).path.split("/")
    return "/".join(parts[1:3]), unquote("/".join(parts[3:]))


def _classified(exchange: Mapping[str, Any], tally: Tally) -> None:
    request, response = exchange["request"], exchange["response"]
    if request["method"] == "SOCKET-EVENT":
        raise Outside("injected below the server: there is no HTTP answer")
    operation, instance = _operation(exchange)
    status, body = response["status"], response.get("body")
    answer = Answer(status or 0, answered(response))
    if not operation.startswith("message/"):
        kinds = CALL_ERRORS.get(answer.status, (UnavailableError,))
        failure = failure_of(answer, "http://evolution", instance)
        assert (failure is None) if 200 <= answer.status < 300 else isinstance(failure, kinds), f"{status}: {failure!r}"
        return
    if status is None:
        assert response.get("error"), "neither a status nor an error"
        assert name_of(outcome_of(MaybeSent("timeout", response["error"]))) == "unknown"
        return
    wanted, outcome = expected(status, body), outcome_of(answer)
    if wanted is None:
        tally.unclassified.append(exchange["name"])
    if not 200 <= status < 300 and row_of(status, body) is ROWS[-1]:
        tally.by_last_row += 1
    assert name_of(outcome) == wanted, f"{status} {outcome}"


def _rebuilt(exchange: Mapping[str, Any]) -> None:
    request, status = exchange["request"], exchange["response"]["status"]
    operation, instance = _operation(exchange)
    body = request.get("body")
    build = {"chat/findMessages": _find, "webhook/set": _webhook_set, **ACTS}.get(
        operation, send if operation.startswith("message/") else None
    )
    if build is None or request["method"] not in ("POST", "DELETE"):
        raise Outside("a call this version does not make")
    if status is None or not 200 <= status < 300:
        raise Outside("not accepted by the server, so no pattern for us")
    if not isinstance(body, dict) or "_multipart" in body or "_raw" in body:
        raise Outside("multipart or raw body; ours are JSON")
    path, ours = build(operation, instance, body)
    assert path.split("/")[1:3] == operation.split("/")
    assert unquote(path.split("/", 3)[3]) == instance
    found = differences(json.loads(ours), body, OPTIONAL[operation])
    assert not found, "; ".join(found)


def _shown(exchange: Mapping[str, Any]) -> None:
    """What the answer to a send shows is found again by the fingerprint of what was sent."""
    request, response = exchange["request"], exchange["response"]
    operation, instance = _operation(exchange)
    body, answer = request.get("body"), response.get("body")
    if operation not in NAMED or response["status"] != 201 or not isinstance(answer, dict) or "message" not in answer:
        raise Outside("no answer that shows a message")
    if not isinstance(body, dict) or body.keys() - NAMED[operation] or body.get("mediatype") == "audio":
        raise Outside("not a body of ours")
    if instance.startswith("evo") and operation != "message/sendText":
        raise Outside("the EVOLUTION channel drops caption and file name, and shows buttons in a form of its own")
    if instance.startswith("wab"):
        raise Outside("Graph's own forms; Cloud numbers have a provider of their own")
    wanted = fingerprint(content(operation, body))
    assert shapes.fingerprint_in(msgspec.Raw(json.dumps(answer["message"]).encode())) == wanted


def _find(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    where = body.get("where", {})
    key, window = where.get("key", {}), where.get("messageTimestamp", {})
    if where.keys() - {"key", "messageTimestamp"} or key.keys() - {"remoteJid", "remoteJidAlt", "fromMe"}:
        raise Outside("looks up by id, type or source; ours look up by address and time")
    if key.get("fromMe") is False:
        raise Outside("looks up what came in; ours look up what went out")
    if not key and not window:
        raise Outside("looks up everything; ours always say which side")
    if body.get("page", 1) == 0 or body.get("offset", 1) == 0:
        raise Outside("relies on a default of the server for page 0")
    since, until = (datetime.fromisoformat(window[name]) if name in window else None for name in ("gte", "lte"))
    return payloads.find_request(
        instance,
        jid=key.get("remoteJid"),
        since=since,
        until=until,
        page=body.get("page", 1),
        size=body.get("offset", 100),
    )


def _webhook_set(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    wanted = body.get("webhook")
    if not isinstance(wanted, dict):
        raise Outside("the flat body of v1")
    if not wanted["enabled"]:
        raise Outside("switches a webhook off, which we never do")
    if wanted.get("byEvents") or wanted.get("base64"):
        raise Outside("one address per event, or files inside events: we never ask for either")
    return payloads.webhook_request(
        instance, url=wanted["url"], headers=wanted.get("headers", {}), events=wanted["events"]
    )


def _parsed(body: Any) -> None:
    if not isinstance(body, dict) or not isinstance(body.get("event"), str):
        raise Outside("posted to a template's own address: no event envelope")
    events = webhook.parse(json.dumps(body).encode(), NOW)
    data = body.get("data")
    many = isinstance(data, list) and body["event"].startswith(("send.message", "messages.up", "contacts."))
    items: list[Any] = data if many and isinstance(data, list) else [data]
    assert len(events) == len(items), f"{body['event']}: {events}"
    for event, item in zip(events, items, strict=True):
        assert _as_written(body["event"], item or {}, event), f"{body['event']}: {event}"


def _as_written(name: str, data: Any, event: Event) -> bool:
    """Whether an event is what the recorded data says, read by hand."""
    if name in ("send.message", "messages.upsert"):
        return _message_as_written(name, data, event)
    if (
        name == "messages.update"
        and data.get("status") in RANKS
        and not (data.get("message") or {}).get("editedMessage")
    ):
        return event == ReceiptEvent(provider_id=data.get("keyId") or data["id"], rank=RANKS[data["status"]])
    if name == "connection.update":
        return event == ConnectionEvent(state=data["state"], reason=data.get("statusReason"))
    return as_written(name, data, event)


def _message_as_written(name: str, data: Any, event: Event) -> bool:
    key, message, stamp = data["key"], data.get("message") or {}, data["messageTimestamp"]
    jids = [jid for jid in (key.get("remoteJid"), key.get("remoteJidAlt"), key.get("senderPn")) if jid]
    phones = [jid for jid in jids if jid.endswith("@s.whatsapp.net") or jid.isdigit()]
    peer = phones[0].split("@")[0].split(":")[0] if phones and "@g.us" not in jids[0] else jids[0] if jids else ""
    at = datetime.fromtimestamp(int(stamp["low"] if isinstance(stamp, dict) else stamp), UTC)
    text = message.get("conversation")
    if not peer or not key.get("id") or (peer.endswith("@broadcast") and not key.get("fromMe")):
        return event == OtherEvent(kind=name)
    if name == "send.message" or key.get("fromMe"):
        by_api = name == "send.message"
        if not isinstance(event, OwnMessageEvent) or (text and event.fingerprint != fingerprint(Text(text=text))):
            return False
        return (event.provider_id, event.recipient, event.at, event.by_api) == (key["id"], peer, at, by_api)
    if not isinstance(event, InboundEvent) or (text and event.text != text):
        return False
    sender = peer
    if peer.endswith("@g.us") and key.get("participant"):
        sender = phone([key["participant"], key.get("participantAlt") or ""]) or key["participant"]
    return (event.provider_id, event.sender, event.at) == (key["id"], sender, at)


_FARTHEST = ("PLAYED", "READ", "DELIVERED", "DELIVERY_ACK", "SENT", "SERVER_ACK", "FAILED", "ERROR")
_READ = ("chat/findMessages", "chat/findStatusMessage", "instance/fetchInstances")


def _read(exchange: Mapping[str, Any]) -> None:
    """Lists and look-ups that the server answered are read row by row."""
    operation, _ = _operation(exchange)
    response = exchange["response"]
    body = response.get("body")
    if response["status"] != 200 or operation not in _READ:
        raise Outside("not an answer this version reads")
    if not body:
        raise Outside("an empty answer")
    if operation == "chat/findMessages":
        rows = adapter._found.decode(answered(response)).messages.records
        assert [row.key.id for row in rows] == [row["key"]["id"] for row in body["messages"]["records"]]
        return
    if operation == "chat/findStatusMessage":
        for provider_id in {row["keyId"] for row in body}:
            words = {row["status"] for row in body if row["keyId"] == provider_id}
            receipt = webhook.receipt_in(body, provider_id)
            assert receipt is not None
            assert webhook.RANKS[next(w for w in _FARTHEST if w in words)] == receipt.rank
        return
    found = [(row.name, row.state) for row in map(instance_in, body) if row is not None]
    assert found == [(row["name"], row["connectionStatus"]) for row in body if row["name"]]


@pytest.mark.parametrize("place", ["", "nowhere", "empty"])
def test_an_empty_or_missing_folder_is_an_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    named = "" if not place else str(tmp_path / place)
    code = f"import sys; sys.path.insert(0, {str(DEFAULT.parent)!r}); import recordings; recordings.files()"
    run = subprocess.run(
        [sys.executable, "-c", code], env={SETTING: named}, capture_output=True, text=True, check=False, timeout=30
    )
    assert run.returncode != 0
    assert "FileNotFoundError" in run.stderr
