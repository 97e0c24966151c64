"""Chat endpoints: look-ups and the number check (contract 4)."""

from typing import Any

from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.faults import on_whatsapp
from anclora.providers.sandbox.schema import NUMBERS, violations
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance, World

_PASSIVE = {"EVOLUTION": "Evolution Channel", "WHATSAPP-BUSINESS": "WhatsApp Business API"}


def find_messages(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/findMessages."""
    return json_answer(200, instance.store.find(body))


def find_statuses(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/findStatusMessage."""
    return json_answer(200, instance.store.find_statuses(body))


def whatsapp_numbers(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/whatsappNumbers: groups first; its errors come without the usual envelope."""
    broken = violations(NUMBERS, body)
    if broken:
        return json_answer(400, bodies.bare_error([broken]))
    if not instance.baileys:
        return json_answer(400, bodies.bare_error([f"Method not available on {_PASSIVE[instance.integration]}"]))
    if not instance.socket:
        return json_answer(400, {})
    if instance.state != "open":
        return json_answer(400, bodies.boom(428, "Precondition Required", "Connection Closed"))
    found = [_looked_up(world, number) for number in body.get("numbers", [])]
    found.sort(key=lambda entry: not entry["jid"].endswith("@g.us"))
    return json_answer(200, found)


def _looked_up(world: World, number: str) -> dict[str, Any]:
    jid = bodies.jid_of(number)
    digits = jid.partition("@")[0]
    alias = world.script.aliases.get(digits)
    entry = {
        "jid": f"{alias}@s.whatsapp.net" if alias else jid,
        "exists": on_whatsapp(world.script, digits),
        "number": number,
    }
    return entry | {"lid": "lid"} if jid.endswith("@lid") else entry
