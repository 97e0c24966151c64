"""The business rules a body may break after its schema, in the server's words (contract 3.5, recordings)."""

from typing import Any

from anclora.providers.sandbox import bodies, media
from anclora.providers.sandbox.showing import is_one_emoji
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance

_PASSIVE = frozenset({"text", "image", "document", "video", "audio", "buttons"})
_CHANNELS = {"EVOLUTION": "Evolution Channel", "WHATSAPP-BUSINESS": "WhatsApp Business API"}
_UPLOADED = frozenset({"image", "document", "video"})  # the file goes up before the number is asked about
_FILES = {"sticker": "sticker", "ptv": "video"}


def refusal(instance: Instance, kind: str, body: dict[str, Any]) -> Answer | None:
    """The answer to a send that the server does not even try; None = it tries."""
    early = _in_the_door(kind, body)
    if early is not None:
        return _refused(early)
    if not instance.baileys and kind == "ptv":
        words = "this.waMonitor.waInstances[instanceName].ptvMessage is not a function"
        return json_answer(500, bodies.error(500, words))
    if instance.integration == "WHATSAPP-BUSINESS" or (not instance.baileys and kind not in _PASSIVE):
        return _refused(f"Method not available on {_CHANNELS[instance.integration]}")
    if kind == "audio" and not instance.baileys and media.FILE not in body:
        return json_answer(500, bodies.error(500, "File or buffer is undefined."))
    broken = _on_the_phone(kind, body) if instance.baileys else _on_the_bridge(body)
    return broken if broken is not None or instance.socket else _never_connected(kind)


def _never_connected(kind: str) -> Answer:
    """The words of a number that never tried to connect (contract 3.4)."""
    missing = "Cannot read properties of undefined (reading '{}')"
    if kind in _UPLOADED:
        return json_answer(500, bodies.error(500, [f"TypeError: {missing.format('waUploadToServer')}"]))
    return json_answer(500, bodies.error(500, missing.format("onWhatsApp")))


def _in_the_door(kind: str, body: dict[str, Any]) -> str | None:
    """What is checked before the channel is asked."""
    if kind == "reaction" and not is_one_emoji(body["reaction"]):
        return "Reaction must be a single emoji or empty string"
    if kind in _FILES:
        source = body.get(_FILES[kind]) or ""
        fit = media.FILE in body or media.is_url(source) or media.is_base64(source)
        return None if fit else "Owned media must be a url or base64"
    if "mediatype" in body:
        return media.media_problem(body)
    return media.audio_problem(body) if kind == "audio" else None


def _on_the_phone(kind: str, body: dict[str, Any]) -> Answer | None:
    if kind == "text" and not body["text"].strip():
        return _refused("Text is required")
    if kind == "template":
        return json_answer(500, bodies.error(500, "Method not available in the Baileys service"))
    if kind == "ptv":
        return json_answer(500, bodies.error(500, ["Error: Failed to get video duration: the sandbox decodes none"]))
    if kind == "buttons":
        broken = _buttons(body.get("buttons") or [])
        return json_answer(400, bodies.error(400, broken)) if broken else None
    if kind == "status":
        return _status(body)
    return None


def _on_the_bridge(body: dict[str, Any]) -> Answer | None:
    quoted = body.get("quoted")
    return _refused("Message not found") if quoted and "key" not in quoted else None


def _buttons(buttons: list[dict[str, Any]]) -> list[str]:
    if not buttons:
        return ["At least one button is required"]
    kinds = [button["type"] for button in buttons]
    if kinds.count("reply") > 3:
        return ["Maximum of 3 reply buttons allowed"]
    if "reply" in kinds and set(kinds) != {"reply"}:
        return ["Reply buttons cannot be mixed with other button types"]
    if "pix" in kinds and len(kinds) > 1:
        return ["Only one PIX button is allowed"]
    return []


def _status(body: dict[str, Any]) -> Answer | None:
    if body.get("allContacts") or not body.get("statusJidList"):
        return _refused("Contacts not found")
    if body["type"] == "text":
        for name, words in (("backgroundColor", "Background color is required"), ("font", "Font is required")):
            if not body.get(name):
                return _refused(words)
    return None


def _refused(words: str) -> Answer:
    return json_answer(400, bodies.error(400, [words]))
