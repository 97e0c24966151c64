"""One send from the request to the answer, with everything the script lets happen on the way (contract 3.3)."""

import asyncio
import contextlib
import re
from typing import Any, NamedTuple

import msgspec

from anclora.providers.sandbox import bodies, media
from anclora.providers.sandbox.faults import Fate, Receipt, decide, on_whatsapp, reply
from anclora.providers.sandbox.quoting import references
from anclora.providers.sandbox.refusals import refusal
from anclora.providers.sandbox.script import FAULTS, Fault
from anclora.providers.sandbox.showing import shown, words_of
from anclora.providers.sandbox.store import Row, Update
from anclora.providers.sandbox.wire import RESET, Answer, json_answer
from anclora.providers.sandbox.witness import Sighting
from anclora.providers.sandbox.world import Instance, World

_EARLY_SECONDS = 0.5
_REMEMBERED_FAILURES = 200_000


class Outgoing(NamedTuple):
    """One message on its way.

    Attributes:
        kind: of content.
        recipient: digits as asked for, or the jid of what is not a number.
        jid: WhatsApp's own address.
        text: words, caption or file name: what the witness sees and the script decides by.
        body: of the request.
    """

    instance: Instance
    kind: str
    recipient: str
    jid: str
    text: str
    body: dict[str, Any]


async def send(world: World, instance: Instance, kind: str, body: dict[str, Any], gone: asyncio.Event) -> Answer:
    """Play one send; the body has passed its schema.

    `gone` is set when the client has closed the connection: that stops nothing but the waiting of a held request.
    """
    refused = refusal(instance, kind, body)
    if refused is not None:
        return refused
    if body.get("delay", 0) > 0:
        await world.pause(body["delay"] / 1000)
    message = _outgoing(world, instance, kind, body)
    if not instance.baileys:
        return json_answer(201, _passive(world, message))
    return await _play(world, message, gone)


async def _play(world: World, message: Outgoing, gone: asyncio.Event) -> Answer:
    """The way of a message through a paired phone."""
    instance = message.instance
    world.arrivals += 1
    fate = decide(world.script, message.recipient, message.text, nth=world.arrivals)
    if fate.latency_seconds:
        await asyncio.sleep(fate.latency_seconds)
    if instance.state != "open":
        return json_answer(500, bodies.error(500, "Connection Closed"))
    if not on_whatsapp(world.script, message.recipient):
        missing = {"jid": message.jid, "exists": False, "number": _number(message.kind, message.body)}
        return json_answer(400, bodies.error(400, [missing]))
    if fate.fault is not None and _strikes(world, message, fate.fault):
        return await _fail(world, message, fate, fate.fault, gone)
    tried = asyncio.Event() if fate.early else None
    content = _go_out(world, message, fate, tried=tried)
    if tried is not None:
        await _settled(tried, _EARLY_SECONDS)
    return Answer(201, content)


def _outgoing(world: World, instance: Instance, kind: str, body: dict[str, Any]) -> Outgoing:
    number = _number(kind, body)
    address = bodies.jid_of(number)
    personal = address.endswith("@s.whatsapp.net")
    recipient = re.sub(r"\D", "", re.split("[:@]", number)[0]) if personal else address
    alias = world.script.aliases.get(recipient)
    jid = f"{alias}@s.whatsapp.net" if alias else address
    return Outgoing(instance, kind, recipient, jid, words_of(kind, body), body)


def _number(kind: str, body: dict[str, Any]) -> str:
    """Where a body wants to go: a reaction to the chat of its message, a status to all statuses."""
    if kind == "status":
        return "status@broadcast"
    return body["key"]["remoteJid"] if kind == "reaction" else body["number"]


def _strikes(world: World, message: Outgoing, fault: Fault) -> bool:
    """Whether the fault still has a failure left for this message; counts it."""
    key = (message.recipient, message.text)
    failed = world.failures.get(key, 0)
    if failed >= fault.times:
        return False
    if len(world.failures) >= _REMEMBERED_FAILURES:
        world.failures.pop(next(iter(world.failures)))
    world.failures[key] = failed + 1
    return True


async def _fail(world: World, message: Outgoing, fate: Fate, fault: Fault, gone: asyncio.Event) -> Answer:
    kind = FAULTS[fault.kind]
    if kind.out:
        _go_out(world, message, fate, record=fault.record)
    headers = (("retry-after", fault.retry_after),) if fault.retry_after is not None else ()
    if kind.page:
        return Answer(kind.status, kind.page.encode(), headers=headers, cut=kind.cut)
    if kind.status:
        return json_answer(kind.status, bodies.error(kind.status, kind.message))._replace(headers=headers)
    if kind.hold:
        await _settled(gone, fault.hold_seconds)
    return RESET


async def _settled(event: asyncio.Event, timeout_seconds: float) -> None:
    """Wait for an event, but not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await event.wait()


def _go_out(
    world: World, message: Outgoing, fate: Fate, *, record: bool = True, tried: asyncio.Event | None = None
) -> bytes:
    """The message leaves: witness first, then row, event, receipts and reply. Returns the answer."""
    instance = message.instance
    now = world.clock.now()
    now_seconds = int(now.timestamp())
    provider_id = bodies.key_id()
    key = {"remoteJid": message.jid, "fromMe": True, "id": provider_id}
    sighting = Sighting(at=now, instance=instance.name, recipient=message.recipient, text=message.text, id=provider_id)
    for _ in range(0 if fate.swallowed else 2 if fate.doubled else 1):
        world.witness.saw(sighting)
    refers = bodies.context_info(now_seconds, message.kind) | references(instance, message.body)
    look = shown(message.kind, message.body, refers, jid=message.jid, now_seconds=now_seconds)
    content = msgspec.Raw(msgspec.json.encode(look.message))
    context = msgspec.Raw(msgspec.json.encode(refers)) if look.context else None
    answer = {
        "key": key | look.answer_key,
        "pushName": "Você",
        "status": "PENDING",
        "message": content,
        **({"contextInfo": context} if context is not None else {}),
        "messageType": look.message_type,
        "messageTimestamp": now_seconds,
        "instanceId": instance.id,
        "source": "web",
    }
    encoded = msgspec.json.encode(answer)
    instance.sends += 1
    if record:
        row = Row(
            id=bodies.row_id(),
            key=key,
            message_type=look.message_type,
            message=content,
            timestamp=now_seconds,
            source="web",
            push_name="Você",
            context=context,
        )
        instance.store.add(row)
        world.emit(instance, "send.message", msgspec.Raw(encoded), tried)
        for position, receipt in enumerate(fate.receipts):
            if fate.early and position == 0:
                _acknowledge(world, instance, row, receipt)
            else:
                world.agenda.after(receipt.after_seconds, _acknowledge, world, instance, row, receipt)
    _aftermath(world, message)
    return encoded


def _aftermath(world: World, message: Outgoing) -> None:
    """What else a message that went out brings about: a reply, a lost connection."""
    instance = message.instance
    answer = reply(world.script, message.recipient)
    if answer is not None and message.recipient not in instance.replied:
        instance.replied.add(message.recipient)
        text, delay = answer
        world.agenda.after(delay, world.receive, instance, message.recipient, text)
    for rule in world.script.disconnects:
        if rule.instance == instance.name and rule.after_sends == instance.sends:
            world.lose(instance, rule.reason, for_seconds=rule.for_seconds)


def _acknowledge(world: World, instance: Instance, row: Row, receipt: Receipt) -> None:
    world.hear(instance, _acknowledged, world, instance, row, receipt)


def _acknowledged(world: World, instance: Instance, row: Row, receipt: Receipt) -> None:
    row.updates.append(Update(id=bodies.row_id(), status=receipt.status))
    data = bodies.status_update(row.key_id, row.remote_jid, receipt.status, message_id=row.id, instance=instance.id)
    for _ in range(receipt.posts):
        world.emit(instance, "messages.update", data)


def _passive(world: World, message: Outgoing) -> dict[str, Any]:
    """The EVOLUTION channel: nothing leaves the server, the event is the message (contract 7.2)."""
    instance, body = message.instance, message.body
    now = world.clock.now()
    now_seconds = int(now.timestamp())
    provider_id = bodies.instance_id()
    key = {"fromMe": True, "id": provider_id, "remoteJid": body["number"]}
    content: dict[str, Any]
    if message.kind == "text":
        content = {"conversation": message.text}
        if "quoted" in body:
            content["quoted"] = body["quoted"]["key"]
    elif message.kind == "buttons":
        content = {name: body[name] for name in ("title", "description", "footer", "buttons") if name in body}
    else:
        given = body.get("media") or body.get("audio") or ""
        content = {"mediaUrl": given if media.is_url(given) else None}
    message_type = {"text": "conversation", "buttons": "buttonMessage"}.get(message.kind, f"{message.kind}Message")
    world.witness.saw(
        Sighting(at=now, instance=instance.name, recipient=message.recipient, text=message.text, id=provider_id)
    )
    instance.store.add(
        Row(
            id=bodies.row_id(),
            key=key,
            message_type=message_type,
            timestamp=now_seconds,
            source="unknown",
            message=msgspec.Raw(msgspec.json.encode(content)),
        )
    )
    answer = {
        "key": key,
        "message": content,
        "messageType": message_type,
        "messageTimestamp": now_seconds,
        "source": "unknown",
        "instanceId": instance.id,
    }
    instance.sends += 1
    world.emit(instance, "send.message", answer)
    return answer
