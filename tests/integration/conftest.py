"""The stage most tests of messages play on; a file that needs another provider or other settings has its own."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from anclora.storage.database import Database
from tests.integration.messages_harness import ScriptedProvider, Stage, stage


@pytest.fixture
def provider() -> ScriptedProvider:
    """Says `sent` to everything, unless its script says otherwise."""
    return ScriptedProvider()


@pytest.fixture
async def here(db: Database, redis: Any, provider: ScriptedProvider) -> AsyncGenerator[Stage, None]:
    """Everything between the door and the provider, run by hand."""
    async with stage(db, redis, provider) as running:
        yield running
