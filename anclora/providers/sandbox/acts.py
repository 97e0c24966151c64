"""Acts on messages and chats: edit, delete for everyone, mark as read, presence (contract 4, recordings baileys_chat).

`edited`, `deleted` and `read` of an instance tell a test what came through.
"""

from typing import Any

import msgspec

from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.faults import on_whatsapp
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance, World

_CHANNELS = {"EVOLUTION": "Evolution Channel", "WHATSAPP-BUSINESS": "WhatsApp Business API"}
_EDIT_NUMBER = 14
_TEXTS = ("conversation", "extendedTextMessage")


def edit(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/updateMessage: texts and captions only; the row shows the new words."""
    if (refused := _refused(instance)) is not None:
        return refused
    if instance.state != "open":
        return json_answer(500, bodies.error(500, "Connection Closed"))
    row = instance.store.get(body["key"]["id"])
    message = msgspec.json.decode(row.message) if row else {}
    if row is None or not message.keys() & {*_TEXTS, "imageMessage", "videoMessage", "documentMessage"}:
        return json_answer(400, bodies.error(400, ["Message not compatible"]))
    if row.remote_jid != bodies.jid_of(body["number"]):
        return json_answer(400, bodies.error(400, ["RemoteJid does not match"]))
    edited = {"extendedTextMessage": {"text": body["text"]}}
    row.message = msgspec.Raw(msgspec.json.encode({"conversation": body["text"]}))
    now_ms = int(world.clock.now().timestamp() * 1_000)
    told = {"key": body["key"], "editedMessage": edited, "timestampMs": now_ms, "type": _EDIT_NUMBER}
    world.emit(instance, "send.message.update", told)
    protocol = {"key": row.key, "type": "MESSAGE_EDIT", "editedMessage": edited, "timestampMs": str(now_ms)}
    return json_answer(200, _protocol_answer(row.remote_jid, protocol, now_ms))


def delete(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """DELETE /chat/deleteMessageForEveryone: a second time is answered like the first, without a webhook."""
    if (refused := _refused(instance)) is not None:
        return refused
    if instance.state != "open":
        words = ["Error while deleting message for everyone", _lost(instance, "sendMessage")]
        return json_answer(500, bodies.error(500, words))
    row = instance.store.get(body["id"])
    if row is not None and body["id"] not in instance.deleted:
        instance.deleted.add(body["id"])
        told = {
            "id": row.id,
            "instanceId": instance.id,
            "key": row.key,
            "messageType": row.message_type,
            "status": "DELETED",
            "source": row.source,
            "messageTimestamp": row.timestamp,
            "pushName": row.push_name,
            "participant": None,
            "message": row.message,
        }
        world.emit(instance, "messages.delete", told)
    key = {"remoteJid": body["remoteJid"], "fromMe": body["fromMe"], "id": body["id"]}
    now_ms = int(world.clock.now().timestamp() * 1_000)
    return json_answer(201, _protocol_answer(body["remoteJid"], {"key": key, "type": "REVOKE"}, now_ms))


def mark_read(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/markMessageAsRead."""
    if (refused := _refused(instance)) is not None:
        return refused
    if instance.state != "open":
        return json_answer(500, bodies.error(500, ["Read messages fail", _lost(instance, "readMessages")]))
    instance.read |= {each["id"] for each in body["readMessages"]}
    return json_answer(201, {"message": "Read messages", "read": "success"})


async def presence(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/sendPresence: answered when the delay is over."""
    if (refused := _refused(instance)) is not None:
        return refused
    jid = bodies.jid_of(body["number"])
    if not on_whatsapp(world.script, jid.partition("@")[0]):
        return json_answer(400, bodies.error(400, ["[object Object]"]))
    if instance.state != "open":
        return json_answer(400, bodies.error(400, ["Error: Connection Closed"]))
    await world.pause(body["delay"] / 1_000)
    return json_answer(201, {"presence": body["presence"]})


def _lost(instance: Instance, call: str) -> str:
    """The words of a socket that is closed, or was never made."""
    if instance.socket:
        return "Error: Connection Closed"
    return f"TypeError: Cannot read properties of undefined (reading '{call}')"


def _refused(instance: Instance) -> Answer | None:
    if instance.baileys:
        return None
    return json_answer(400, bodies.error(400, [f"Method not available on {_CHANNELS[instance.integration]}"]))


def _protocol_answer(jid: str, protocol: dict[str, Any], now_ms: int) -> dict[str, Any]:
    return {
        "key": {"remoteJid": jid, "fromMe": True, "id": bodies.key_id()},
        "message": {"protocolMessage": protocol},
        "messageTimestamp": str(now_ms // 1_000),
        "status": "PENDING",
    }
