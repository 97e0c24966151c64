"""Asking the providers how their numbers are: a webhook may be lost, and what they list lags behind (contract 2.4)."""

import asyncio
from collections.abc import Sequence

from anclora.instances.model import Instance, state_of
from anclora.instances.register import store
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.providers.contract import Provider, RemoteInstance
from anclora.providers.contract.numbers import Numbers, numbers_of
from anclora.storage.database import Database

log = get_logger(__name__)
_AT_ONCE = 8


async def poll(db: Database, provider_name: str, provider: Provider) -> list[Instance]:
    """Store how a provider's numbers are connected now, the missing ones marked; all of them.

    Raises:
        AncloraError: the provider's own sentence; nothing was changed.
    """
    remotes = await provider.list_instances()
    numbers = numbers_of(provider)
    if numbers is not None:
        remotes = await _asked(numbers, remotes)
    return await store(db, provider_name, remotes)


async def _asked(numbers: Numbers, remotes: Sequence[RemoteInstance]) -> list[RemoteInstance]:
    """The same with the states the server's memory knows; one that cannot be asked keeps what the list says."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(remote: RemoteInstance) -> RemoteInstance:
        async with gate:
            try:
                word = await numbers.state(remote.name)
            except AncloraError as error:
                log.warning("state_not_asked", instance=remote.name, code=error.code, error=error.detail)
                return remote
        return RemoteInstance(name=remote.name, state=state_of(word, None), owner=remote.owner)

    return list(await asyncio.gather(*(one(remote) for remote in remotes)))
