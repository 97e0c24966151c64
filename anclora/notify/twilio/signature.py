"""The proof that a request is Twilio's: `X-Twilio-Signature`, an HMAC-SHA1 of the address and the sorted form.

Source: twilio.com/docs/usage/security, validating requests. It carries no time, so what it proves may be played back:
an act that is done twice must do no harm.
"""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1

HEADER = "X-Twilio-Signature"


def signature_of(url: str, form: Sequence[tuple[str, str]], token: str) -> str:
    """The header's value for a form that is posted to an address."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(form))
    return b64encode(hmac.digest(token.encode(), signed.encode("utf-8", "replace"), sha1)).decode()


def signed(url: str, form: Sequence[tuple[str, str]], given: str | None, token: str) -> bool:
    """Whether the header proves a form, compared in constant time."""
    wanted = signature_of(url, form, token)
    return hmac.compare_digest(wanted.encode(), (given or "").encode("utf-8", "replace"))
