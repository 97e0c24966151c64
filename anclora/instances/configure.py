"""Settings, proxy and webhook of a number: read from the provider, written there, every change audited."""

from collections.abc import Sequence

import msgspec

from anclora.instances.steer import Hand
from anclora.kit.errors import ConflictError
from anclora.providers.contract.numbers import NumberSettings, NumberWebhook, Proxy


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the events of a number reach us.

    Attributes:
        wanted: where they shall go; None = it was never said.
        url: where they go; None = nowhere.
        drift: what is not as we want it, in words; empty = they reach us.
    """

    wanted: str | None
    url: str | None
    drift: Sequence[str]


async def change_settings(hand: Hand, settings: NumberSettings) -> NumberSettings:
    """All of them at once; what the provider has now."""
    await hand.numbers.set_settings(hand.instance.name, settings)
    await hand.note("settings", msgspec.to_builtins(settings))
    return await hand.numbers.get_settings(hand.instance.name)


async def change_proxy(hand: Hand, proxy: Proxy | None) -> Proxy | None:
    """Another way, or none of its own; used from the next connection on."""
    await hand.numbers.set_proxy(hand.instance.name, proxy)
    await hand.note("proxy", {"host": proxy.host, "port": proxy.port} if proxy else {"host": None})
    return await hand.numbers.get_proxy(hand.instance.name)


async def look_at_webhook(hand: Hand) -> WebhookView:
    """Where its events go, and whether that is right."""
    found = await hand.numbers.get_webhook(hand.instance.name)
    wanted, secret = hand.instance.webhook_url, hand.instance.secret
    return WebhookView(wanted=wanted, url=found and found.url, drift=drift_of(found, wanted, secret))


async def repair_webhook(hand: Hand) -> WebhookView:
    """Set it as we want it, whatever is there.

    Raises:
        ConflictError: it was never said where its events shall go.
        AncloraError: the provider's own sentence.
    """
    wanted = hand.instance.webhook_url
    if wanted is None:
        raise ConflictError(
            f"Nobody said yet where the events of {hand.instance.name!a} shall go: anclora instances sync",
            code="no_webhook_url",
        )
    before = await look_at_webhook(hand)
    await hand.numbers.set_webhook(hand.instance.name, url=wanted, secret=hand.instance.secret)
    await hand.note("webhook_repaired", {"drift": list(before.drift)})
    return await look_at_webhook(hand)


def drift_of(found: NumberWebhook | None, wanted: str | None, secret: str) -> Sequence[str]:
    """What of a webhook is not as we want it, in words without secrets. Pure."""
    if found is None:
        return ("there is none",)
    drift = list(found.drift)
    if found.url != wanted:
        drift.insert(0, "its events go elsewhere")
    if found.secret != secret:
        drift.insert(0, "its secret is another one")
    return tuple(drift)
