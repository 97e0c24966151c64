"""The providers of one process, by name, each behind its guard."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings, env_name
from anclora.providers.cloud import CloudProvider
from anclora.providers.cloud import capabilities as cloud_limits
from anclora.providers.contract import Capabilities, Provider
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.evolution import limits as evolution_limits
from anclora.providers.guard import GuardedProvider

EVOLUTION = "evolution"
CLOUD = "cloud"
_CLOUD_SETTINGS = ("cloud_account_id", "cloud_token", "cloud_app_secret", "cloud_verify_token")
_CAPABILITIES: Mapping[str, Capabilities] = {EVOLUTION: evolution_limits.CAPABILITIES, CLOUD: cloud_limits.CAPABILITIES}
# What configures a provider: whoever needs one that is not there reads it.
_WANTED: Mapping[str, str] = {
    EVOLUTION: "EVOLUTION_API_URL and EVOLUTION_API_KEY",
    CLOUD: ", ".join(map(env_name, _CLOUD_SETTINGS[:-1])) + f" and {env_name(_CLOUD_SETTINGS[-1])}",
}
# Above the provider's own time-out, so that its more exact word is heard first.
_GUARD_EXTRA_SECONDS = 10.0


def degrades(provider: str, kind: str) -> bool:
    """Whether this provider shows contents of this type otherwise than their name says, configured here or not."""
    limits = _CAPABILITIES.get(provider)
    return limits is not None and kind in limits.degraded


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
        wanted = _WANTED.get(name)
        hint = f"Set {wanted}." if wanted else f"There are: {', '.join(_WANTED)}."
        raise SetupError(f"The provider {name!r} is not configured. {hint}")

    async def close(self) -> None:
        """Close every provider's connections; stop the callers first."""
        for closable in self._closing:
            await closable.close()


def build(settings: Settings, clock: Clock) -> Providers:
    """The providers the settings name; none without `EVOLUTION_API_URL` and the `ANCLORA_CLOUD_*` settings.

    Raises:
        SetupError: one is named in part.
        InvalidError: an address is none.
    """
    found: dict[str, EvolutionProvider | CloudProvider] = {}
    if settings.evolution_api_url:
        found[EVOLUTION] = _evolution(settings, settings.evolution_api_url, clock)
    if any(getattr(settings, name) for name in _CLOUD_SETTINGS):
        found[CLOUD] = _cloud(settings, clock)
    longest_seconds = settings.send_timeout_seconds + _GUARD_EXTRA_SECONDS
    guarded = {
        name: GuardedProvider(provider, name, clock, send_timeout_seconds=longest_seconds)
        for name, provider in found.items()
    }
    return Providers(guarded, tuple(found.values()))


def _evolution(settings: Settings, url: str, clock: Clock) -> EvolutionProvider:
    if not settings.evolution_api_key:
        raise SetupError("EVOLUTION_API_URL is set and EVOLUTION_API_KEY is not. Set it to the server's global key.")
    return EvolutionProvider(
        url,
        settings.evolution_api_key,
        clock=clock,
        connections=settings.connections,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        send_timeout_seconds=settings.send_timeout_seconds,
    )


def _cloud(settings: Settings, clock: Clock) -> CloudProvider:
    missing = [env_name(name) for name in _CLOUD_SETTINGS if not getattr(settings, name)]
    if missing:
        raise SetupError(f"Meta's Cloud API is configured in part. Set {', '.join(missing)} too.")
    return CloudProvider(
        settings.cloud_graph_url,
        settings.cloud_token or "",
        account=settings.cloud_account_id or "",
        verify_token=settings.cloud_verify_token or "",
        clock=clock,
        connections=settings.connections,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        send_timeout_seconds=settings.send_timeout_seconds,
    )
