"""Pairing a phone: QR codes that follow each other, a code to type, and the hand that scans (contract 2.2, 6.5)."""

import base64
import io
import os
from typing import Any

import msgspec
import segno

from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance, World

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ123456789"
_TYPED = 8
_LIMIT_WORDS = "QR code limit reached, please login again"


class Qr(msgspec.Struct, frozen=True, rename="camel"):
    """The codes of a number, as it answers them. They are never cleared: later answers show old ones."""

    pairing_code: str | None
    code: str
    base64: str
    count: int


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Control: the number says it is open, and nothing comes back from WhatsApp any more.

    Attributes:
        restarts: how many restarts it takes until it is alive again; 0 = at once.
    """

    restarts: int = 1


def shown(instance: Instance) -> Any:
    """What connect and restart answer: the last codes, or a count of none."""
    return instance.qr if instance.qr is not None else {"count": 0}


def begin(world: World, instance: Instance, phone: str | None) -> None:
    """A new round of codes for a number without a phone; somebody scans after a while, if the script says so."""
    instance.socket = True
    instance.state = instance.stored_state = "connecting"
    instance.round += 1
    data = {"instance": instance.name, "state": "connecting", "statusReason": 200}
    world.emit(instance, "connection.update", data)
    _show(world, instance, phone, 1, instance.round)
    if world.script.scan_after_seconds:
        world.agenda.after(world.script.scan_after_seconds, _scan_if_shown, world, instance, instance.round)


def _show(world: World, instance: Instance, phone: str | None, count: int, of_round: int) -> None:
    if instance.round != of_round or instance.state != "connecting" or instance.paired:
        return
    if count > world.script.qr_limit:
        _give_up(world, instance)
        return
    instance.qr = _codes(phone, count)
    told = {"instance": instance.name, **msgspec.to_builtins(instance.qr)}
    del told["count"]
    world.emit(instance, "qrcode.updated", {"qrcode": told})
    world.agenda.after(world.script.qr_seconds, _show, world, instance, phone, count + 1, of_round)


def _codes(phone: str | None, count: int) -> Qr:
    code = f"2@{base64.b64encode(os.urandom(27)).decode()},{os.urandom(4).hex()},{os.urandom(4).hex()}"
    picture = io.BytesIO()
    segno.make(code, error="l", micro=False).save(picture, kind="png", scale=4)
    typed = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(_TYPED)) if phone else None
    return Qr(typed, code, f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}", count)


def _give_up(world: World, instance: Instance) -> None:
    """Nobody scanned: refused, without the words of a logout (contract 2.2)."""
    instance.state = "close"
    world.emit(instance, "qrcode.updated", {"message": _LIMIT_WORDS, "statusCode": 500})
    data = {
        "instance": instance.name,
        "state": "refused",
        "statusReason": 428,
        "wuid": instance.owner_jid,
        "profilePictureUrl": bodies.PICTURE,
    }
    world.emit(instance, "connection.update", data)


def _scan_if_shown(world: World, instance: Instance, of_round: int) -> None:
    if instance.round == of_round and instance.state == "connecting" and not instance.paired:
        pair(world, instance)


def pair(world: World, instance: Instance) -> None:
    """The code was scanned: credentials there, and the number opens."""
    instance.paired = True
    world.open(instance)


def scan(world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """POST /sandbox/instances/{i}/scan: a person scans the code. Part of the sandbox, not of Evolution."""
    if instance.state == "connecting":
        pair(world, instance)
    return json_answer(200, {"instance": {"instanceName": instance.name, "state": instance.state}})


def deaden(world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /sandbox/instances/{i}/dead: open, and no acknowledgement comes. Part of the sandbox, not of Evolution."""
    instance.dead_restarts = msgspec.convert(body, Knobs).restarts
    if instance.dead_restarts == 0:
        world.revive(instance)
    return json_answer(200, {"instance": {"instanceName": instance.name, "state": instance.state}})
