"""The proof that a webhook is Meta's: the header X-Hub-Signature-256, an HMAC of the raw body with the app's secret."""

import hmac
from hashlib import sha256

HEADER = "X-Hub-Signature-256"


def signature_of(body: bytes, secret: str) -> str:
    """The header's value for a body."""
    return f"sha256={hmac.digest(secret.encode(), body, sha256).hex()}"


def signed(body: bytes, given: str | None, secret: str) -> bool:
    """Whether a header proves a body, compared in constant time."""
    return hmac.compare_digest(signature_of(body, secret).encode(), (given or "").encode("utf-8", "replace"))


def same_text(given: str | None, wanted: str) -> bool:
    """Whether two secrets are the same, compared in constant time."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), wanted.encode())
