"""Signing what is posted to others, as Standard Webhooks 1.0 says (symmetric): id, time and body in one HMAC."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from secrets import token_bytes

_SECRET_BYTES = 32  # Standard Webhooks: 24 to 64
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_PREFIX = "whsec_"


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + b64encode(token_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether a text is such a secret, of 24 to 64 bytes."""
    try:
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(_PREFIX) and _FEWEST_BYTES <= len(key) <= _MOST_BYTES


def signature(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one `v1,…` for each secret.

    Args:
        secrets: as `new_secret` makes them.
        webhook_id: the header `webhook-id`.
        timestamp: the header `webhook-timestamp`, whole seconds since 1970.
        body: what is sent, byte by byte.
    """
    signed = b"%s.%d.%s" % (webhook_id.encode(), timestamp, body)
    keys = [b64decode(secret.removeprefix(_PREFIX)) for secret in secrets]
    return " ".join("v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
