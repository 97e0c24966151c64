"""The guard of what is done to paired numbers: the same time-out, metric and net as every other call has."""

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from anclora.providers.contract.numbers import Numbers, NumberSettings, NumberState, NumberWebhook, Pairing, Proxy

T = TypeVar("T")


class Calls(Protocol):
    """One guarded call: `GuardedProvider`'s."""

    async def __call__(self, call: str, work: Awaitable[T]) -> T:
        """Its result, or an `AncloraError`."""
        ...


class GuardedNumbers:
    """Numbers, guarded. Raises `AncloraError`s only.

    Args:
        numbers: the provider's.
        call: the guard's.
    """

    def __init__(self, numbers: Numbers, call: Calls) -> None:
        self._numbers = numbers
        self._call = call

    async def create(
        self, name: str, *, phone: str | None = None, webhook_url: str | None = None, secret: str = ""
    ) -> None:
        """Make a number."""
        work = self._numbers.create(name, phone=phone, webhook_url=webhook_url, secret=secret)
        await self._call("create_number", work)

    async def connect(self, name: str, *, phone: str | None = None) -> Pairing:
        """Begin to connect."""
        return await self._call("connect_number", self._numbers.connect(name, phone=phone))

    async def state(self, name: str) -> NumberState:
        """The connection."""
        return await self._call("number_state", self._numbers.state(name))

    async def restart(self, name: str) -> None:
        """Close and open the connection."""
        await self._call("restart_number", self._numbers.restart(name))

    async def logout(self, name: str) -> None:
        """End the pairing."""
        await self._call("logout_number", self._numbers.logout(name))

    async def delete(self, name: str) -> None:
        """Remove it."""
        await self._call("delete_number", self._numbers.delete(name))

    async def get_settings(self, name: str) -> NumberSettings:
        """How it behaves."""
        return await self._call("get_settings", self._numbers.get_settings(name))

    async def set_settings(self, name: str, settings: NumberSettings) -> None:
        """Change how it behaves."""
        await self._call("set_settings", self._numbers.set_settings(name, settings))

    async def get_proxy(self, name: str) -> Proxy | None:
        """Its way."""
        return await self._call("get_proxy", self._numbers.get_proxy(name))

    async def set_proxy(self, name: str, proxy: Proxy | None) -> None:
        """Change its way."""
        await self._call("set_proxy", self._numbers.set_proxy(name, proxy))

    async def get_webhook(self, name: str) -> NumberWebhook | None:
        """Where its events go."""
        return await self._call("get_webhook", self._numbers.get_webhook(name))

    async def set_webhook(self, name: str, *, url: str, secret: str) -> None:
        """Change where its events go."""
        await self._call("set_number_webhook", self._numbers.set_webhook(name, url=url, secret=secret))
