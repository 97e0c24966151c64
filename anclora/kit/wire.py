"""What an HTTP exchange can end in, as values, and `JsonClient` (aiohttp) for everything but the hot send.

The three results exist because the caller's next step depends on which is true: `Answer` (the server spoke), `NotSent`
(nothing left this machine, so another try is safe) and `MaybeSent` (the request left and no answer proves either side,
so another try may double it).
"""

import socket
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp
import msgspec

from anclora.kit.errors import UnavailableError


class Answer(msgspec.Struct, frozen=True):
    """A whole answer.

    Attributes:
        status: HTTP status, 200 to 599.
        body: the body, chunks joined.
        headers: name (lower case) and value pairs as they came.
    """

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()


class NotSent(msgspec.Struct, frozen=True):
    """Not a byte of the request left this machine.

    Attributes:
        code: dns, refused, connect_timeout, tls, busy or closed.
        reason: for people; names the server, never the request.
    """

    code: str
    reason: str


class MaybeSent(msgspec.Struct, frozen=True):
    """The request left, wholly or in part, and no answer came that can be used.

    Attributes:
        code: timeout, reset, garbled or too_large.
        reason: for people.
    """

    code: str
    reason: str


Result = Answer | NotSent | MaybeSent


def shown_url(url: str) -> str:
    """A URL for people and logs: without user, password, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def not_reached(shown: str, error: OSError | UnicodeError) -> NotSent:
    """Why no connection stands, from the exception of the attempt."""
    if isinstance(error, TimeoutError):
        code, reason = "connect_timeout", "no connection in time"
    elif isinstance(error, ssl.SSLError):
        code, reason = "tls", error.reason or "no TLS"
    elif isinstance(error, (socket.gaierror, UnicodeError)):
        code, reason = "dns", "its name has no address"
    else:
        code, reason = "refused", error.strerror or type(error).__name__
    return NotSent(code, f"{shown} cannot be reached: {reason}")


class JsonClient:
    """A small aiohttp client with bounds: requests that are not the hot send.

    Args:
        url: scheme, host, port and an optional path prefix.
        headers: sent with every request.
        connect_timeout_seconds: to open a connection.
        timeout_seconds: for one whole exchange.
        body_limit_bytes: of one answer, unpacked.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connect_timeout_seconds: float = 5.0,
        timeout_seconds: float = 30.0,
        body_limit_bytes: int = 16_000_000,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=connect_timeout_seconds)
        self._limit = body_limit_bytes
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        limit_bytes: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """One exchange; redirects are answers like any other.

        Args:
            method: of HTTP.
            target: below the client's URL; or a whole URL, which gets the client's headers too: its key.
            body: what is sent.
            content_type: of the body.
            limit_bytes: of this answer, where it may be larger than others.
            timeout_seconds: for this exchange, where it may take longer.

        Raises:
            UnavailableError: no whole answer came; the sentence names the server.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        headers = {"content-type": content_type} if body is not None else None
        url = target if target.startswith(("http://", "https://")) else self._url + target
        limit = limit_bytes or self._limit
        timeout = self._timeout
        if timeout_seconds is not None:
            timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=timeout.sock_connect)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                pieces: list[bytes] = []
                size = 0
                async for piece in response.content.iter_chunked(65_536):
                    pieces.append(piece)
                    size += len(piece)
                    if size > limit:
                        raise UnavailableError(
                            f"{shown_url(self._url)} sent an answer larger than allowed.", code="answer_too_large"
                        )
                return Answer(response.status, b"".join(pieces))
        except TimeoutError as error:
            raise UnavailableError(f"{shown_url(self._url)} did not answer in time.") from error
        except aiohttp.ClientConnectorError as error:
            raise UnavailableError(f"{not_reached(shown_url(self._url), error.os_error).reason}.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError(f"{shown_url(self._url)} ended the exchange: {type(error).__name__}.") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
