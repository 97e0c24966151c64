"""How far a message came, in the words of Evolution API's channels."""

from collections.abc import Mapping

# Baileys names and numbers, and Meta's words as the Cloud channel passes them on. PENDING says only what the answer to
# the send said already. DELETED, EDITED, WARNING and the like are no steps on the way of a message.
RANKS: Mapping[str | int, int] = {
    "ERROR": 0, "FAILED": 0, 0: 0,
    "SERVER_ACK": 1, "SENT": 1, 2: 1,
    "DELIVERY_ACK": 2, "DELIVERED": 2, 3: 2,
    "READ": 3, 4: 3,
    "PLAYED": 4, 5: 4,
}  # fmt: skip
