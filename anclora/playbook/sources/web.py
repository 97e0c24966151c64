"""Asking somebody else's server, bounded: what it answers, or why that is not known."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from anclora.kit.errors import UnavailableError
from anclora.kit.wire import Answer, JsonClient, shown_url
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import Parts

_SECONDS = 5.0
_BYTES = 8_000_000


@asynccontextmanager
async def asking(url: str, *, headers: Mapping[str, str] | None = None) -> AsyncGenerator[JsonClient, None]:
    """A client for the length of a block."""
    client = JsonClient(
        url, headers=headers, connect_timeout_seconds=3.0, timeout_seconds=_SECONDS, body_limit_bytes=_BYTES
    )
    try:
        yield client
    finally:
        await client.close()


def base_url(parts: Parts) -> str:
    """The running server that is looked at.

    Raises:
        NotConfiguredError: nobody named one.
    """
    if parts.base_url is None:
        raise NotConfiguredError("ANCLORA_URL, --base-url")
    return parts.base_url


def decoded(answer: Answer, url: str) -> Any:
    """The JSON of an answer that is a success.

    Raises:
        UnavailableError: it is none; the sentence says what came.
    """
    if answer.status != 200:
        raise UnavailableError(f"{shown_url(url)} answered {answer.status}.", code="unusual_answer")
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise UnavailableError(f"{shown_url(url)} answered what is no JSON.", code="unusual_answer") from error
