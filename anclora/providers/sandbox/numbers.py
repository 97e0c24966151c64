"""Instance, webhook and control endpoints (contract 2 and 5.1)."""

from typing import Any

import msgspec

from anclora.providers.sandbox import bodies, pairing
from anclora.providers.sandbox.script import Integration, Number, State
from anclora.providers.sandbox.settings import create_problem
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import FINAL_REASONS, Instance, World

_NO_EVENTS = "Cannot read properties of undefined (reading 'length')"
_FAILED = {"error": True, "message": "[object Object]"}
_NEVER_SET = """disconnectionReasonCode disconnectionObject disconnectionAt
Chatwoot Proxy Rabbitmq Nats Sqs Websocket""".split()  # noqa: SIM905 - a list of names reads best as words
_INTEGRATIONS = ("WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION")


class StateChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Control: a number changes its connection.

    Attributes:
        reason: of a close: 401, 402, 403 and 406 are final, any other only lasts `for_seconds`.
    """

    state: State
    reason: int = 401
    for_seconds: float = 2.0


class Inbound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """Control: somebody writes, in words or in a whole `message` of WhatsApp's; or it is typed on the phone."""

    sender: str
    text: str = ""
    message: dict[str, Any] | None = None
    typed: bool = False


def create(world: World, body: dict[str, Any]) -> Answer:
    """POST /instance/create; the name is free, key and schema are checked."""
    problem = _create_problem(body)
    if problem is not None:
        return json_answer(400, bodies.error(400, [problem]))
    integration: Integration = body["integration"]
    passive = integration != "WHATSAPP-BAILEYS"
    state: State = "open" if passive else "connecting" if body.get("qrcode") else "close"
    token = body.get("token") or None
    # A new number of a real server has no phone yet.
    number = Number(name=body["instanceName"], state=state, token=token, integration=integration, paired=passive)
    instance = world.add(number)
    instance.socket = state != "close"
    instance.owner_jid = None
    instance.number, instance.business_id = body.get("number"), body.get("businessId")
    instance.settings |= {name: body[name] for name in bodies.SETTINGS if name in body}
    wanted = body.get("webhook")
    shown: dict[str, Any] = {}
    if wanted is not None:
        world.set_webhook(instance, wanted | {"enabled": True}, events=wanted["events"])
        names = {"url": "webhookUrl", "headers": "webhookHeaders", "byEvents": "webhookByEvents"}
        names["base64"] = "webhookBase64"
        shown = {names[name]: wanted[name] for name in names if name in wanted}
    world.emit(instance, "instance.create", _name_and_id(instance))
    if state == "connecting":
        pairing.begin(world, instance, body.get("number"))
    answer = {
        "instance": {
            "instanceName": instance.name,
            "instanceId": instance.id,
            "integration": integration,
            "webhookWaBusiness": None,
            "accessTokenWaBusiness": "",
            "status": state,
        },
        "hash": instance.token,
        "webhook": shown,
        "websocket": {},
        "rabbitmq": {},
        "nats": {},
        "sqs": {},
        "settings": instance.settings,
    }
    return json_answer(201, answer | {"qrcode": pairing.shown(instance)} if state == "connecting" else answer)


def _create_problem(body: dict[str, Any]) -> str | None:
    if body.get("integration") not in _INTEGRATIONS:
        return "Invalid integration"
    if body["integration"] == "WHATSAPP-BUSINESS":
        for name in ("token", "number"):
            if not body.get(name):
                return f"{name} is required"
    if body.get("webhook") is not None and "events" not in body["webhook"]:
        return _NO_EVENTS
    return create_problem(body)


def fetch(world: World, query: dict[str, str], key: str) -> Answer:
    """GET /instance/fetchInstances, with the global key or the token of a number."""
    found = list(world.instances.values())
    for name, attribute in (("instanceName", "name"), ("instanceId", "id"), ("number", "number")):
        if name in query:
            found = [instance for instance in found if getattr(instance, attribute) == query[name]]
            if not found:
                return json_answer(404, bodies.error(404, [f'Instance "{query[name]}" not found']))
    if key != world.api_key:
        found = [instance for instance in found if instance.token == key]
        if not found:
            return json_answer(401, bodies.error(401, "Unauthorized"))
    return json_answer(200, [_row(instance) for instance in found])


def _row(instance: Instance) -> dict[str, Any]:
    times = {"createdAt": instance.created_at, "updatedAt": instance.created_at}
    paired = instance.baileys and instance.owner_jid is not None
    return {
        **dict.fromkeys(_NEVER_SET),
        **times,
        "id": instance.id,
        "name": instance.name,
        "connectionStatus": instance.stored_state,
        "ownerJid": instance.owner_jid,
        "profileName": instance.name if paired else None,
        "profilePicUrl": bodies.PICTURE if paired else None,
        "integration": instance.integration,
        "number": instance.number,
        "businessId": instance.business_id,
        "token": instance.token,
        "clientName": "evolution",
        "Setting": {"id": instance.settings_id, **instance.settings, **times, "instanceId": instance.id},
        "_count": {"Message": len(instance.store), "Contact": len(instance.contacts), "Chat": 0},
    }


def state(_world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /instance/connectionState."""
    return json_answer(200, {"instance": {"instanceName": instance.name, "state": instance.state}})


def connect(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """GET /instance/connect: a number with credentials opens a moment later, one without shows codes."""
    if instance.state == "open":
        return state(world, instance, body)
    if not instance.baileys:
        return json_answer(200, {})
    if instance.state == "close":
        if instance.paired:
            world.connect(instance)
        else:
            pairing.begin(world, instance, body.get("number"))
    return json_answer(200, pairing.shown(instance))


def restart(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /instance/restart: from `close` the server fails with a 200."""
    if instance.state == "close":
        return json_answer(200, _FAILED)
    if instance.state == "connecting":
        if instance.paired:
            world.restart(instance)
        return json_answer(200, pairing.shown(instance))
    answer = state(world, instance, body)
    if instance.baileys:
        world.restart(instance)
    return answer


def presence(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /instance/setPresence: whether the number is shown as online."""
    if instance.integration == "WHATSAPP-BUSINESS":
        return json_answer(400, bodies.error(400, ["Method not available on WhatsApp Business API"]))
    if not instance.socket:
        words = "TypeError: Cannot read properties of undefined (reading 'sendPresenceUpdate')"
        return json_answer(400, bodies.error(400, [words]))
    return json_answer(201, {"presence": body["presence"]})


def logout(world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """DELETE /instance/logout. The passive channels only set a flag and say nothing to anybody."""
    if instance.state == "close":
        return json_answer(400, bodies.error(400, [f'The "{instance.name}" instance is not connected']))
    if instance.baileys:
        world.close_for_good(instance, 401)
    instance.state = "close"
    return _success("Instance logged out")


def delete(world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """DELETE /instance/delete."""
    if instance.baileys and instance.state != "close":
        world.close_for_good(instance, 401)
    world.emit(instance, "instance.delete", _name_and_id(instance))
    world.emit(instance, "remove.instance", None)
    world.remove(instance)
    return _success("Instance deleted")


def set_webhook(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /webhook/set."""
    wanted = body["webhook"]
    if wanted["enabled"] and "events" not in wanted:
        return json_answer(500, bodies.error(500, _NO_EVENTS))
    return json_answer(201, world.set_webhook(instance, wanted, events=wanted.get("events", [])))


def find_webhook(_world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /webhook/find: the row or null."""
    return json_answer(200, instance.webhook)


def change_state(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /sandbox/instances/{i}/state: break or mend a connection. Part of the sandbox, not of Evolution."""
    change = msgspec.convert(body, StateChange)
    if change.state == "open":
        instance.paired = True
        world.open(instance)
    elif change.state == "close" and change.reason in FINAL_REASONS:
        world.close_for_good(instance, change.reason)
    else:
        world.connect(instance, after_seconds=change.for_seconds)
    return state(world, instance, body)


def receive(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /sandbox/inbound: somebody writes to the number. Part of the sandbox, not of Evolution."""
    message = msgspec.convert(body, Inbound)
    world.receive(instance, message.sender, message.text, message=message.message, typed=message.typed)
    return Answer(204)


def figures(world: World) -> Answer:
    """GET /sandbox/figures: what was sent and what became of the webhooks. Part of the sandbox, not of Evolution."""
    shown: dict[str, Any] = {
        instance.name: {
            "sends": instance.sends,
            "delivered": instance.hooks.delivered,
            "retried": instance.hooks.retried,
            "dropped": instance.hooks.dropped,
            "idle": instance.hooks.idle,
        }
        for instance in world.instances.values()
    }
    return json_answer(200, {"arrivals": world.arrivals, "pending": len(world.agenda), "instances": shown})


def _success(message: str) -> Answer:
    return json_answer(200, {"status": "SUCCESS", "error": False, "response": {"message": message}})


def _name_and_id(instance: Instance) -> dict[str, Any]:
    return {"instanceName": instance.name, "instanceId": instance.id}
