"""The life of a number that is paired with a phone: made, connected by a QR code, restarted, logged out, deleted.

A provider whose numbers need no pairing has none of this: `numbers_of` answers None.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, cast

import msgspec

# `unknown`: the server has the number in its rows and not in its memory; nothing works there until it is restarted.
NumberState = Literal["open", "connecting", "close", "unknown"]


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """What a number needs to be connected: a code to scan or to type, or nothing. Secrets of a minute.

    Attributes:
        state: of its connection, asked after the codes were.
        qr: the text of the QR code; None = there is none yet (ask again in a second), or none is needed.
        png: the same as a picture.
        code: what is typed on the phone instead, where a phone number was given: eight characters.
        count: how many QR codes this round has shown.
    """

    state: NumberState
    qr: str | None = None
    png: bytes | None = None
    code: str | None = None
    count: int | None = None


class NumberSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a paired number behaves by itself.

    Attributes:
        reject_calls: calls are declined.
        reject_text: what a caller is told then; empty = nothing.
        ignore_groups: group messages are not reported.
        always_online: it is shown as online.
        read_messages: what arrives is marked as read at once.
        read_status: statuses of others are marked as seen.
        full_history: the phone's whole history is read at the next pairing.
    """

    reject_calls: bool = False
    reject_text: str = ""
    ignore_groups: bool = False
    always_online: bool = False
    read_messages: bool = False
    read_status: bool = False
    full_history: bool = False


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """The way to WhatsApp of one number. `password` is never shown again."""

    host: str
    port: int
    protocol: Literal["http", "https", "socks4", "socks5"] = "http"
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Proxy({self.protocol}://{self.host}:{self.port})"


class NumberWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events of a number go now.

    Attributes:
        secret: what proves them; never shown.
        drift: what else differs from what we ask for, in words; empty = nothing.
    """

    url: str
    secret: str | None
    drift: Sequence[str] = ()

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NumberWebhook({self.url!r}, drift={list(self.drift)!r})"


class Numbers(Protocol):
    """What can be done to paired numbers. Every call raises `AncloraError`s only.

    All of them: `NotFoundError` (`instance_not_found`), `UnauthorizedError`, `UnavailableError` (no answer).
    """

    async def create(
        self, name: str, *, phone: str | None = None, webhook_url: str | None = None, secret: str = ""
    ) -> None:
        """Make a number, not connected yet; its events go to `webhook_url` from the first one on.

        Raises:
            ConflictError: the name is taken (`name_taken`), perhaps by a number whose deletion is not over.
        """
        ...

    async def connect(self, name: str, *, phone: str | None = None) -> Pairing:
        """Begin to connect, or go on. `phone` (digits) asks for a code to type; it must be closed for that."""
        ...

    async def state(self, name: str) -> NumberState:
        """The connection, as the server's memory has it. Even `open` may be dead: only traffic proves it."""
        ...

    async def restart(self, name: str) -> None:
        """Close the connection and open it again.

        Raises:
            ConflictError: it is closed, and then only connecting helps (`restart_refused`).
        """
        ...

    async def logout(self, name: str) -> None:
        """End the pairing; one that is ended already is fine. A person must scan a code afterwards."""
        ...

    async def delete(self, name: str) -> None:
        """Remove it; one that is gone already is fine. The server needs up to twenty minutes to free the name."""
        ...

    async def get_settings(self, name: str) -> NumberSettings:
        """How it behaves."""
        ...

    async def set_settings(self, name: str, settings: NumberSettings) -> None:
        """All of them, always."""
        ...

    async def get_proxy(self, name: str) -> Proxy | None:
        """Its way, without the password; None = the server's own."""
        ...

    async def set_proxy(self, name: str, proxy: Proxy | None) -> None:
        """Another way, from the next connection on. Raises `InvalidError` when the server cannot get through it."""
        ...

    async def get_webhook(self, name: str) -> NumberWebhook | None:
        """Where its events go; None = nowhere."""
        ...

    async def set_webhook(self, name: str, *, url: str, secret: str) -> None:
        """Send its events there, all the ones this version reads, and keep nothing of what was set before."""
        ...


def numbers_of(provider: object) -> Numbers | None:
    """What can be done to a provider's numbers; None = they are not paired."""
    return cast("Numbers | None", getattr(provider, "numbers", None))
