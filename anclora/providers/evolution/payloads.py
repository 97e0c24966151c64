"""What we ask of Evolution API, as path and body. Optional members we have nothing for are left out.

Bodies follow the JSON schemas of 2.3.7; unknown members are always accepted there, missing ones never guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from anclora.providers.contract import Content, Target, Text
from anclora.providers.evolution.jids import jid_of
from anclora.providers.evolution.payloads_contents import body_of
from anclora.providers.evolution.rendering import rendered

# The events this version asks for, and why not the others it can read: MESSAGES_EDITED holds back every later event of
# an instance while its delivery is being retried (2.3.7), and MESSAGES_UPDATE tells the same edit; LOGOUT_INSTANCE and
# REMOVE_INSTANCE hold back logout and deletion likewise, and CONNECTION_UPDATE tells them; CONTACTS_* would double the
# webhooks of every message for a name that the message carries; SEND_MESSAGE_UPDATE tells of our own requests.
EVENTS = (
    "SEND_MESSAGE",
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "MESSAGES_DELETE",
    "CONNECTION_UPDATE",
    "QRCODE_UPDATED",
)

_encode = msgspec.json.Encoder().encode


class _TextBody(msgspec.Struct, frozen=True):
    number: str
    text: str


@lru_cache(maxsize=4_096)
def path(operation: str, instance: str) -> str:
    """The path of an operation on an instance, percent-encoded: names may hold spaces, slashes and accents."""
    return f"/{operation}/{quote(instance, safe='')}"


def send_request(instance: str, recipient: str, content: Content) -> tuple[str, bytes]:
    """Path and body that send one message.

    Args:
        instance: its name; Evolution's names are case-sensitive.
        recipient: digits with country code, or a jid (groups).
        content: what to send.
    """
    number = recipient.removeprefix("+")
    # Most messages are plain words: they go past everything else.
    if isinstance(content, Text) and content.quoted is None and not content.mentions and content.preview:
        return path("message/sendText", instance), _encode(_TextBody(number, content.text))
    operation, body = body_of(number, rendered(content))
    return path(operation, instance), _encode(body)


def find_request(
    instance: str,
    *,
    jid: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
    size: int = 100,
    own: bool = True,
) -> tuple[str, bytes]:
    """Path and body that look up own messages, newest first.

    Args:
        instance: its name.
        jid: where they went, compared to both address fields of a row (2.3.7 joins the two with OR, so that a
            message stored under a lid is found by its phone jid); None = anywhere.
        since: not older, whole seconds.
        until: not newer, rounded up to whole seconds.
        page: counted from 1.
        size: rows of one page; the wire calls it `offset`.
        own: False = what came in too; the server has no filter for that alone.
    """
    key: dict[str, Any] = {"fromMe": True} if own else {}
    if jid is not None:
        key |= {"remoteJid": jid, "remoteJidAlt": jid}
    where: dict[str, Any] = {"key": key}
    window: dict[str, str] = {}
    if since is not None:
        window["gte"] = _second(since)
    if until is not None:
        window["lte"] = _second(until + timedelta(microseconds=999_999))
    if window:
        where["messageTimestamp"] = window
    return path("chat/findMessages", instance), _encode({"where": where, "page": page, "offset": size})


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status_request(instance: str, provider_id: str) -> tuple[str, bytes]:
    """Path and body that look up the stored acknowledgements of one message."""
    body = {"where": {"id": provider_id}, "page": 1, "offset": 50}
    return path("chat/findStatusMessage", instance), msgspec.json.encode(body)


def webhook_request(
    instance: str, *, url: str, headers: Mapping[str, str], events: Sequence[str] = EVENTS
) -> tuple[str, bytes]:
    """Path and body that set the webhook. All six members, always: what is left out keeps its old value."""
    webhook = {
        "enabled": True,
        "url": url,
        "headers": headers,
        "byEvents": False,
        "base64": False,
        "events": events,
    }
    return path("webhook/set", instance), _encode({"webhook": webhook})


def edit_request(instance: str, recipient: str, target: Target, text: str) -> tuple[str, bytes]:
    """Path and body that give a message of ours new words."""
    number = recipient.removeprefix("+")
    key = {"id": target.provider_id, "fromMe": True, "remoteJid": jid_of(number)}
    return path("chat/updateMessage", instance), _encode({"number": number, "key": key, "text": text})


def delete_request(instance: str, recipient: str, target: Target) -> tuple[str, bytes]:
    """Path and body (of a DELETE) that take a message back for everybody."""
    body = {"id": target.provider_id, "fromMe": True, "remoteJid": jid_of(recipient.removeprefix("+"))}
    return path("chat/deleteMessageForEveryone", instance), _encode(body)


def read_request(instance: str, sender: str, provider_ids: Sequence[str]) -> tuple[str, bytes]:
    """Path and body that mark messages of a person as read."""
    jid = jid_of(sender.removeprefix("+"))
    keys = [{"id": each, "fromMe": False, "remoteJid": jid} for each in provider_ids]
    return path("chat/markMessageAsRead", instance), _encode({"readMessages": keys})


def typing_request(instance: str, recipient: str, *, seconds: float) -> tuple[str, bytes]:
    """Path and body that show a person that we write; the server answers only when the time is over."""
    body = {"number": recipient.removeprefix("+"), "presence": "composing", "delay": int(seconds * 1_000)}
    return path("chat/sendPresence", instance), _encode(body)


def numbers_request(instance: str, numbers: Sequence[str]) -> tuple[str, bytes]:
    """Path and body that ask which numbers have WhatsApp."""
    return path("chat/whatsappNumbers", instance), _encode({"numbers": list(numbers)})
