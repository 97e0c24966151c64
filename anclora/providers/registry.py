"""The providers of one process, by name, each behind its guard."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings
from anclora.providers.contract import Provider
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.guard import GuardedProvider

EVOLUTION = "evolution"
# Above the provider's own time-out, so that its more exact word is heard first.
_GUARD_EXTRA_SECONDS = 10.0


class Closable(Protocol):
    """What holds connections."""

    async def close(self) -> None:
        """Close them."""
        ...


class Providers(dict[str, Provider]):
    """Provider name to provider. `providers[name]` for one that is not configured says which setting is missing.

    Args:
        providers: by name.
        closing: what holds their connections.
    """

    def __init__(self, providers: Mapping[str, Provider], closing: Sequence[Closable] = ()) -> None:
        super().__init__(providers)
        self._closing = closing

    def __missing__(self, name: str) -> Provider:
        """Raise `SetupError`: it is not configured."""
        raise SetupError(f"The provider {name!r} is not configured. Set EVOLUTION_API_URL and EVOLUTION_API_KEY.")

    async def close(self) -> None:
        """Close every provider's connections; stop the callers first."""
        for closable in self._closing:
            await closable.close()


def build(settings: Settings, clock: Clock) -> Providers:
    """The providers the settings name; none without `EVOLUTION_API_URL`.

    Raises:
        SetupError: there is an address and no key.
        InvalidError: the address is none.
    """
    if not settings.evolution_api_url:
        return Providers({})
    if not settings.evolution_api_key:
        raise SetupError("EVOLUTION_API_URL is set and EVOLUTION_API_KEY is not. Set it to the server's global key.")
    evolution = EvolutionProvider(
        settings.evolution_api_url,
        settings.evolution_api_key,
        clock=clock,
        connections=settings.connections,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        send_timeout_seconds=settings.send_timeout_seconds,
    )
    guarded = GuardedProvider(
        evolution, EVOLUTION, clock, send_timeout_seconds=settings.send_timeout_seconds + _GUARD_EXTRA_SECONDS
    )
    return Providers({EVOLUTION: guarded}, (evolution,))
