"""Files people send to a number, and the endpoint that hands them out (recordings baileys_inbound 052, 054).

The answer to a file that is there is documented only: the recordings had no phone to send one.
"""

import base64
from hashlib import sha256
from typing import Any

import msgspec

from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance, World

_TEXTS = ("conversation", "extendedTextMessage")


def receive_file(world: World, instance: Instance, sender: str, data: bytes, mimetype: str) -> None:
    """Somebody sends a picture or a document."""
    name = f"{mimetype.partition('/')[0]}Message" if mimetype.startswith(("image/", "video/")) else "documentMessage"
    proof = base64.b64encode(sha256(data).digest()).decode()
    instance.files[proof] = (mimetype, data)
    world.receive(
        instance,
        sender,
        "",
        message={name: {"mimetype": mimetype, "fileSha256": proof, "fileLength": str(len(data))}},
    )


def base64_of(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /chat/getBase64FromMediaMessage."""
    row = instance.store.get(str(((body.get("message") or {}).get("key") or {}).get("id")))
    if row is None:
        return json_answer(400, bodies.error(400, ["Message not found"]))
    message: dict[str, Any] = msgspec.json.decode(row.message)
    name, part = next(iter(message.items()), ("", {}))
    if name in _TEXTS or not isinstance(part, dict):
        return json_answer(400, bodies.error(400, ["The message is not of the media type"]))
    found = instance.files.get(str(part.get("fileSha256")))
    if found is None:  # as recorded of a file that WhatsApp does not hand out
        return json_answer(400, bodies.error(400, ["TypeError: fetch failed"]))
    mimetype, data = found
    answer = {
        "mediaType": name,
        "fileName": f"{row.id}.{mimetype.partition('/')[2]}",
        "size": {"fileLength": str(len(data))},
        "mimetype": mimetype,
        "base64": base64.b64encode(data).decode(),
        "buffer": None,
    }
    return json_answer(201, answer)
