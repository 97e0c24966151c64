"""What a message refers to: the one it quotes, and whom it mentions (recording baileys_send/004)."""

from typing import Any

import msgspec

from anclora.providers.sandbox.world import Instance


def references(instance: Instance, body: dict[str, Any]) -> dict[str, Any]:
    """Members of `contextInfo`; a quoted message nobody knows is quoted silently not at all."""
    found: dict[str, Any] = {}
    mentioned = body.get("mentioned")
    if mentioned:
        found["mentionedJid"] = [f"{number}@s.whatsapp.net" for number in mentioned]
    quoted = body.get("quoted") or {}
    key: dict[str, Any] = quoted.get("key") or {}
    row = instance.store.get(key["id"]) if "id" in key else None
    message = quoted.get("message") or (msgspec.json.decode(row.message) if row else None)
    if message is None:
        return found
    own = row.key["fromMe"] if row else key.get("fromMe")
    author = instance.owner_jid if own else (row.remote_jid if row else key.get("remoteJid"))
    return found | {"participant": author, "stanzaId": key["id"], "quotedMessage": message}
