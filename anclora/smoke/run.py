"""Try every critical path of a running server from outside, as its users and its providers do.

A step that fails keeps no other from being tried, but those that need what it would have found.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import new_id
from anclora.kit.wire import Answer, JsonClient
from anclora.smoke.model import SMOKE_CAMPAIGN, Asked, Step

_LOOK_SECONDS = 0.5
_VALID = timedelta(minutes=5)
_REACHED = ("delivered", "read", "played")
_ENDED = ("failed", "dead", "expired", "canceled", "blocked")


class _FailedError(Exception):
    """What a step found wrong, in words."""


class _Walk:
    """One walk through the steps; what one finds the next may need."""

    def __init__(self, client: JsonClient, stranger: JsonClient, asked: Asked, clock: Clock) -> None:
        self._client = client
        self._stranger = stranger
        self._asked = asked
        self._clock = clock
        self._number = ""
        self._message = ""

    @property
    def steps(self) -> Sequence[tuple[str, Callable[[], Awaitable[str]]]]:
        """Their names, and what each does."""
        return (
            ("health", self._health),
            ("metrics", self._metrics),
            ("refusal", self._refusal),
            ("number", self._find_number),
            ("webhook", self._webhook),
            ("message", self._send),
            ("receipt", self._receipt),
        )

    async def _health(self) -> str:
        await self._expect("GET", "/health/live", 200)
        await self._expect("GET", "/health/ready", 200)
        return "live and ready"

    async def _metrics(self) -> str:
        text = (await self._expect("GET", "/metrics", 200)).body
        if b"anclora_" not in text:
            raise _FailedError("/metrics has no series of Anclora; is something else in front of it?")
        waiting = _decoded(await self._expect("GET", "/queue/metrics", 200), "/queue/metrics").get("waiting")
        return f"scraped; {waiting} waiting"

    async def _refusal(self) -> str:
        body = msgspec.json.encode({"to": self._asked.to, "text": "A stranger must not send this."})
        await self._expect("POST", "/api/v1/messages", 401, body, client=self._stranger)
        await self._expect("GET", "/api/v1/messages", 401, client=self._stranger)
        return "who has no key is refused"

    async def _find_number(self) -> str:
        found = _decoded(await self._expect("GET", "/api/whatsapp/instances", 200), "/api/whatsapp/instances")
        numbers: list[Mapping[str, Any]] = found.get("instances", [])
        wanted = [each for each in numbers if self._asked.instance in (None, each["name"])]
        connected = [each for each in wanted if each["status"] == "connected"]
        if not connected:
            which = f"The number {self._asked.instance}" if self._asked.instance else "None of the numbers"
            raise _FailedError(f"{which} is connected: anclora instances")
        self._number = str(connected[0]["name"])
        return f"{self._number} is connected"

    async def _webhook(self) -> str:
        """The door of the provider is there, and closed to who has no secret."""
        name = self._needed_number()
        path = f"/webhooks/evolution/{quote(name, safe='')}"
        body = msgspec.json.encode({"event": "smoke.test", "instance": name})
        await self._expect("POST", path, 401, body, client=self._stranger)
        return f"{path} is there, and refuses who has no secret"

    async def _send(self) -> str:
        draft = {
            "to": self._asked.to,
            "text": f"Anclora smoke test of {self._asked.env}.",
            "instance": self._needed_number(),
            "priority": "high",
            "campaign_id": SMOKE_CAMPAIGN,
            "tags": ["smoke", f"smoke:{self._asked.env}"],
            "client_ref": f"smoke-{new_id()}",
            "expires_at": self._clock.now() + _VALID,
        }
        answer = await self._expect("POST", "/api/v1/messages", 202, msgspec.json.encode(draft))
        self._message = str(_decoded(answer, "/api/v1/messages")["id"])
        return f"accepted as {self._message}"

    async def _receipt(self) -> str:
        """Whoever delivers it tells us by the webhook: so this proves the provider's way back, too."""
        if not self._message:
            raise _FailedError("not tried: no message was accepted")
        ends = self._clock.boot_seconds() + self._asked.patience_seconds
        path, state = f"/api/v1/messages/{self._message}", ""
        while True:
            found = _decoded(await self._expect("GET", path, 200), path)
            state = str(found["state"])
            if state in _REACHED:
                return f"sent and {state}"
            if state in _ENDED:
                why = found.get("reason_text") or found.get("reason_code") or "no reason is known"
                raise _FailedError(f"the message is {state}: {why}. Look: anclora messages explain {self._message}")
            if self._clock.boot_seconds() >= ends:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if state == "sent":
            raise _FailedError(
                f"sent, and no receipt within {self._asked.patience_seconds:g} s: does the provider reach our webhook?"
            )
        raise _FailedError(
            f"still {state} after {self._asked.patience_seconds:g} s. Look: anclora messages explain {self._message}"
        )

    def _needed_number(self) -> str:
        if not self._number:
            raise _FailedError("not tried: no number is connected")
        return self._number

    async def _expect(
        self, method: str, path: str, status: int, body: bytes | None = None, *, client: JsonClient | None = None
    ) -> Answer:
        answer = await (client or self._client).ask(method, path, body)
        if answer.status != status:
            raise _FailedError(f"{method} {path} answered {answer.status}, not {status}{_sentence(answer)}")
        return answer


async def run(client: JsonClient, stranger: JsonClient, asked: Asked, clock: Clock) -> list[Step]:
    """Every step in turn.

    Args:
        client: has the API key.
        stranger: has none.
        asked: what to try.
        clock: this machine's.
    """
    walk = _Walk(client, stranger, asked, clock)
    done: list[Step] = []
    for name, step in walk.steps:
        began = clock.boot_seconds()
        try:
            good, says = True, await step()
        except _FailedError as error:
            good, says = False, str(error)
        except UnavailableError as error:
            good, says = False, error.detail
        done.append(Step(name=name, good=good, seconds=round(clock.boot_seconds() - began, 3), says=says))
    return done


def _decoded(answer: Answer, path: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise _FailedError(f"{path} answered what is no JSON object; is something else in front of it?") from None


def _sentence(answer: Answer) -> str:
    """The server's own words, where they are a problem document."""
    try:
        detail = msgspec.json.decode(answer.body, type=dict[str, Any]).get("detail")
    except msgspec.DecodeError:
        return ""
    return f": {detail}" if detail else ""
