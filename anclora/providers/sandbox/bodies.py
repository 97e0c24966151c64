"""The JSON the server speaks: answers, errors and webhook bodies, key for key as recorded."""

import os
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

SERVER_VERSION = "2.3.7"

_TWO_DAYS_SECONDS = 172_800
_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
}
PICTURE = "https://pps.whatsapp.net/v/pic.jpg"


def key_id() -> str:
    """A message id as Baileys makes them."""
    return f"3EB0{os.urandom(9).hex().upper()}"


def row_id() -> str:
    """An id of a database row, in the form of a cuid."""
    return f"c{os.urandom(12).hex()}"


def instance_id() -> str:
    """An id of a number."""
    return str(uuid4())


def instant(moment: datetime) -> str:
    """A moment as JavaScript writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def jid_of(number: str) -> str:
    """The WhatsApp address the server makes of a number (contract 3.2)."""
    plain = re.sub(r":\d+", "", number)
    if re.search(r"@(g\.us|s\.whatsapp\.net|lid|broadcast)", plain):
        return plain
    plain = re.sub(r"[\s+()]", "", plain)
    plain = re.split(r"[:@]", plain)[0]
    if "-" in plain and len(plain) >= 24:
        return f"{plain}@g.us"
    plain = re.sub(r"\D", "", plain)
    if len(plain) >= 18:
        return f"{plain}@g.us"
    return f"{_national_variant(plain)}@s.whatsapp.net"


def _national_variant(plain: str) -> str:
    """Mexico and Argentina lose their third digit, Brazil the ninth where it was added later."""
    if len(plain) != 13:
        return plain
    if plain[:2] in {"52", "54"}:
        return plain[:2] + plain[3:]
    if plain[:2] == "55" and plain[4] == "9" and int(plain[2:4]) >= 31 and int(plain[5]) >= 7:
        return plain[:4] + plain[5:]
    return plain


def error(status: int, message: Any) -> dict[str, Any]:
    """The error envelope: `message` is a list from the project's own exceptions, a string from all others."""
    return {"status": status, "error": _REASONS[status], "response": {"message": message}}


def bare_error(message: Any) -> dict[str, Any]:
    """The envelope without `response` that whatsappNumbers answers with."""
    return {"status": 400, "error": _REASONS[400], "message": message}


def boom(status: int, reason: str, message: str) -> dict[str, Any]:
    """A socket error as whatsappNumbers leaks it."""
    payload = {"statusCode": status, "error": reason, "message": message}
    output = {"statusCode": status, "payload": payload, "headers": {}}
    return {"data": None, "isBoom": True, "isServer": False, "output": output}


def long(value: int, *, unsigned: bool = False) -> dict[str, Any]:
    """A 64-bit number as the server's JSON shows it."""
    return {"low": value, "high": 0, "unsigned": unsigned}


def context_info(now_seconds: int, kind: str = "text") -> dict[str, Any]:
    """The context the server puts into every one-to-one message."""
    context: dict[str, Any] = {
        "mentionedJid": [],
        "groupMentions": [],
        "ephemeralSettingTimestamp": long(now_seconds - _TWO_DAYS_SECONDS),
        "disappearingMode": {"initiator": 0},
    }
    return context | {"statusAttributions": []} if kind == "audio" else context


def status_update(key: str, jid: str, status: str, *, message_id: str, instance: str) -> dict[str, Any]:
    """`data` of messages.update for a message of ours."""
    return {
        "keyId": key,
        "remoteJid": jid,
        "fromMe": True,
        "status": status,
        "instanceId": instance,
        "messageId": message_id,
    }


def inbound(jid: str, text: str, *, name: str, instance: str, now_seconds: int) -> dict[str, Any]:
    """`data` of messages.upsert: somebody wrote."""
    return {
        "key": {"remoteJid": jid, "fromMe": False, "id": f"3A{os.urandom(9).hex().upper()}"},
        "pushName": name,
        "status": "DELIVERY_ACK",
        "message": {"conversation": text},
        "messageType": "conversation",
        "messageTimestamp": now_seconds,
        "instanceId": instance,
        "source": "ios",
    }


def contact(jid: str, *, name: str, instance: str) -> dict[str, Any]:
    """`data` of contacts.upsert and contacts.update around an inbound message."""
    return {"remoteJid": jid, "pushName": name, "profilePicUrl": PICTURE, "instanceId": instance}


def opened(name: str, owner_jid: str) -> dict[str, Any]:
    """`data` of connection.update: connected."""
    return {
        "instance": name,
        "wuid": owner_jid,
        "profileName": name,
        "profilePictureUrl": PICTURE,
        "state": "open",
        "statusReason": 200,
    }


def closed(name: str, reason: int, moment: datetime) -> dict[str, Any]:
    """`data` of status.instance: closed for good."""
    return {
        "instance": name,
        "status": "closed",
        "disconnectionAt": instant(moment),
        "disconnectionReasonCode": reason,
        "disconnectionObject": f'{{"error":{{"output":{{"statusCode":{reason}}}}},"date":"{instant(moment)}"}}',
    }


def welcome() -> dict[str, Any]:
    """The answer of `GET /`."""
    return {
        "status": 200,
        "message": "Welcome to the Evolution API, it is working!",
        "version": SERVER_VERSION,
        "clientName": "evolution",
        "documentation": "https://doc.evolution-api.com",
        "whatsappWebVersion": "2.3000.1027934701",
    }


SETTINGS: dict[str, Any] = {
    "rejectCall": False,
    "msgCall": "",
    "groupsIgnore": False,
    "alwaysOnline": False,
    "readMessages": False,
    "readStatus": False,
    "syncFullHistory": False,
    "wavoipToken": "",
}
