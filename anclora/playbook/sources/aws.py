"""A client of AWS in a thread of its own, bounded: region, keys and endpoint are what the client finds (`AWS_*`)."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from anclora.kit.errors import UnavailableError
from anclora.playbook.errors import NoDataError

T = TypeVar("T")
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 3.0, 8.0, 2


async def ask_aws(service: str, what: str, work: Callable[[Any], T]) -> T:
    """Let a thread do it.

    Args:
        service: `s3`, `logs`.
        what: names the thing that is asked about, for the sentence of a refusal.
        work: gets the client.

    Raises:
        UnavailableError: AWS refused or did not answer.
    """
    return await asyncio.to_thread(_worked, service, what, work)


def _worked(service: str, what: str, work: Callable[[Any], T]) -> T:
    session: Any = import_module("boto3.session")  # it takes 0.2 s to import, and most ask nothing of AWS
    config: Any = import_module("botocore.config")
    errors: Any = import_module("botocore.exceptions")
    bounds = config.Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
    )
    try:
        client = session.Session().client(service, config=bounds)
        try:
            return work(client)
        finally:
            client.close()
    except errors.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "?"))
        if code in ("NoSuchBucket", "ResourceNotFoundException"):
            raise NoDataError(f"{what} is not there ({code}).") from error
        raise UnavailableError(f"{what} cannot be asked: {code}.", code="aws_refused") from error
    except errors.BotoCoreError as error:
        raise UnavailableError(f"{what} cannot be asked: {type(error).__name__}.", code="aws_unavailable") from error
