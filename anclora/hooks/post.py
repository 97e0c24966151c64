"""One signed request to an endpoint: bounded in time and size, no redirect followed, no address of our own network."""

import re
import time
from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from anclora import __version__
from anclora.hooks.addresses import CheckedResolver, RefusedAddressError, check_literal, networks
from anclora.hooks.model import Answered, Hook
from anclora.hooks.rules import good_secrets
from anclora.kit.clock import Clock
from anclora.kit.retry_after import retry_after_seconds
from anclora.kit.settings import Settings
from anclora.kit.signing import signature

_CONNECT_SECONDS = 5.0
_ANSWER_BYTES = 2_000
_ANSWER_CHARACTERS = 500
_CONNECTIONS = 128
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_LONG_NUMBER = re.compile(r"\d{7,}")  # a phone number, most likely


class Post:
    """The client; owns its connections.

    Args:
        settings: time-out, and what is open all the same.
        clock: for the timestamp that is signed.
        resolver: asked for addresses, which are then checked; the system's by default.
    """

    def __init__(self, settings: Settings, clock: Clock, resolver: AbstractResolver | None = None) -> None:
        self._allowed = networks(settings.hooks_allow)
        self._timeout = aiohttp.ClientTimeout(total=settings.hooks_timeout_seconds, connect=_CONNECT_SECONDS)
        self._clock = clock
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def post(self, hook: Hook, webhook_id: str, body: bytes) -> Answered:
        """Post a body to the endpoint of a subscription; how that ended, which is never an exception."""
        began = time.perf_counter()
        headers = self._headers(hook, webhook_id, body)
        try:
            url = URL(hook.url)
            check_literal(url.host or "", self._allowed)
            answered = await self._exchange(url, headers, body)
        except RefusedAddressError as error:
            answered = Answered(status=None, error=str(error))
        except TimeoutError:
            answered = Answered(status=None, error="no whole answer in time")
        except aiohttp.ClientConnectorError as error:
            answered = Answered(status=None, error=_unreached(error.os_error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answered = Answered(status=None, error=f"the exchange broke off ({type(error).__name__})")
        duration_ms = round((time.perf_counter() - began) * 1000)
        return Answered(
            status=answered.status,
            error=answered.error,
            text=answered.text,
            wish_seconds=answered.wish_seconds,
            duration_ms=duration_ms,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(self, url: URL, headers: Mapping[str, str], body: bytes) -> Answered:
        if self._session is None:
            resolver = CheckedResolver(self._resolver or ThreadedResolver(), self._allowed)
            connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=_CONNECTIONS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            text = b""
            while len(text) < _ANSWER_BYTES and (piece := await response.content.read(_ANSWER_BYTES)):
                text += piece
            if not response.content.at_eof():
                response.close()  # what goes on and on is not waited for, and the connection not used again
            raw = [(name.lower(), value) for name, value in response.raw_headers]
            error = "it redirects, which is not followed" if 300 <= response.status < 400 else None
            return Answered(
                status=response.status,
                error=error,
                text=shown_answer(text),
                wish_seconds=retry_after_seconds(raw, self._clock.now()),
            )

    def _headers(self, hook: Hook, webhook_id: str, body: bytes) -> dict[str, str]:
        now = self._clock.now()
        timestamp = int(now.timestamp())
        return {
            "content-type": "application/json",
            "user-agent": f"Anclora-Webhooks/{__version__}",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(good_secrets(hook, now), webhook_id, timestamp, body),
        }


def shown_answer(body: bytes) -> str:
    """How an answer begins, for the log: without control characters, and of long numbers only the end."""
    text = _CONTROL.sub(" ", body.decode("utf-8", "replace")).strip()
    return _LONG_NUMBER.sub(lambda found: f"…{found[0][-3:]}", text)[:_ANSWER_CHARACTERS]


def _unreached(error: OSError) -> str:
    if isinstance(error, RefusedAddressError):
        return str(error)
    return f"it cannot be reached ({error.strerror or type(error).__name__})"
