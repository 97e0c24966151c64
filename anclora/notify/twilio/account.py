"""The account both channels share: one form-encoded POST with basic auth, and what its answers mean."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from anclora.kit.http import Poster
from anclora.kit.retry_after import retry_after_seconds
from anclora.kit.wire import Answer, NotSent
from anclora.notify.contract import Delivered, Outcome, Refused, Unknown

_TIMEOUT_SECONDS = 15.0
_SLOWER_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 600.0
_decode = msgspec.json.Decoder(dict[str, Any]).decode

# Source: twilio.com/docs/api/errors. Every other 4xx is for good too, with Twilio's own words.
_ADVICE: Mapping[int, str] = {
    20003: "Twilio does not know the account; set ANCLORA_TWILIO_ACCOUNT_SID and ANCLORA_TWILIO_AUTH_TOKEN.",
    20404: "Twilio does not know the account; set ANCLORA_TWILIO_ACCOUNT_SID.",
    21211: "Twilio says this is no phone number; write it as +34600111222 in ANCLORA_TWILIO_TO.",
    21212: "Twilio says the sender is no number; set ANCLORA_TWILIO_FROM to one of the account.",
    21210: "The sender is not a number of the account; set ANCLORA_TWILIO_FROM.",
    21606: "The sender cannot send text messages there; set ANCLORA_TWILIO_FROM to a number that can.",
    21608: "A trial account reaches verified numbers only; verify the number at Twilio.",
    21215: "The account may not call that country; allow it in Twilio's voice geographic permissions.",
    21408: "The account may not text that country; allow it in Twilio's messaging geographic permissions.",
    21610: "The person answered STOP to text messages; they have to send START.",
    21614: "That number takes no text messages.",
}


class TwilioAccount:
    """An account at Twilio.

    Args:
        sid: its name, `AC…`.
        token: its secret.
        url: root of the API.
    """

    def __init__(self, sid: str, token: str, *, url: str) -> None:
        basic = b64encode(f"{sid}:{token}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        self._poster = Poster(url, headers=headers)
        self._path = f"/2010-04-01/Accounts/{quote(sid, safe='')}"

    async def create(self, resource: str, form: Mapping[str, str]) -> Outcome:
        """Make a call or a message; 201 says that it stands in Twilio's queue."""
        target = f"{self._path}/{resource}.json"
        result = await self._poster.post(target, urlencode(form).encode(), timeout_seconds=_TIMEOUT_SECONDS)
        if isinstance(result, NotSent):
            return Refused(code=result.code, text=f"{result.reason}; it is tried again.")
        if not isinstance(result, Answer):
            return Unknown(code=result.code, text=result.reason)
        if result.status == 201:
            return Delivered(vendor_id=str(_members(result.body).get("sid", "")))
        return refusal(result)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def refusal(answer: Answer) -> Refused | Unknown:
    """What an answer other than 201 means. Pure."""
    if answer.status == 429:
        wish = retry_after_seconds(answer.headers, None)
        wait = min(wish or _SLOWER_SECONDS, _LONGEST_WAIT_SECONDS)
        return Refused(code="20429", text=f"Twilio asks to wait {wait:.0f} s.", retry_after_seconds=wait)
    if answer.status >= 500:
        return Unknown(code="server_error", text=f"Twilio answered {answer.status}.")
    members = _members(answer.body)
    code = members.get("code")
    number = code if isinstance(code, int) else (20003 if answer.status == 401 else 0)
    words = str(members.get("message", ""))[:200]
    text = _ADVICE.get(number) or f"Twilio answered {answer.status} {number or ''}: {words or 'no reason'}."
    return Refused(code=str(number or f"http_{answer.status}"), text=text, permanent=True)


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return {}
