"""A stored webhook as this version understands it."""

from uuid import UUID

from anclora.inbound.model import Delivery, deliver, deliver_shared, provider_of
from anclora.kit.errors import NotFoundError
from anclora.providers.contract import SharesWebhooks
from anclora.providers.registry import Providers


def reread(providers: Providers, *, id: UUID, instance: str, provider: str | None, body: bytes) -> Delivery:  # noqa: A002 - the row's own word
    """Read a row of `inbound_events` again.

    Args:
        providers: by name.
        id: of the row.
        instance: the number or the account it was stored under.
        provider: of the number; None = it has none any more, or it is an account.
        body: as it came.

    Raises:
        AncloraError: nobody can read it now; the code says why.
    """
    shared = provider_of(instance)
    name = provider or shared
    if name is None:
        raise NotFoundError(f"There is no instance {instance!a} any more.")
    source = providers[name]
    if shared == name and isinstance(source, SharesWebhooks):
        return deliver_shared(name, body, source.split_webhook(body), known_as=str(id))
    return deliver(instance, body, source.parse_webhook(body), known_as=str(id))
