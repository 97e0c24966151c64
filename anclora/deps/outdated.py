"""Asking the index what is newest: a page a package, a few at once, each with an end to its time."""

import asyncio
import platform
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp
import msgspec

from anclora.deps.model import File, Locked, Row, Step
from anclora.deps.rules import files_in_html, files_in_json, newest, step_of
from anclora.kit.errors import InvalidError

_AT_ONCE = 8
_TIMEOUT_SECONDS = 20.0
_MOST_BYTES = 30_000_000
_JSON, _HTML = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html"
_ACCEPT = f"{_JSON}, {_HTML};q=0.2, text/html;q=0.1"


async def outdated(locked: Sequence[Locked], index_url: str, *, done: Callable[[], None]) -> list[Row]:
    """Each locked package beside its newest version, in the order given; one that cannot be learnt says why.

    Args:
        locked: as `rules.locked_in` reads them.
        index_url: root of a simple index (PEP 503 or 691); may carry a user and a password.
        done: called once a package.

    Raises:
        InvalidError: that is no address.
    """
    if urlsplit(index_url).scheme not in ("http", "https"):
        raise InvalidError("An index has an address such as https://packages.example.com/simple.", code="invalid_url")
    turns = asyncio.Semaphore(_AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, headers={"Accept": _ACCEPT}, trust_env=True) as session:

        async def one(each: Locked) -> Row:
            async with turns:
                row = await _row(session, index_url.rstrip("/"), each)
            done()
            return row

        return list(await asyncio.gather(*(one(each) for each in locked)))


async def _row(session: aiohttp.ClientSession, index_url: str, locked: Locked) -> Row:
    try:
        files = await _files(session, f"{index_url}/{locked.name}/")
    except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        # Never the error's own words: they may hold the address, and with it a password.
        return _unknown(locked, f"the index cannot be read ({type(error).__name__})")
    if isinstance(files, int):
        return _unknown(locked, "the index does not know it" if files == 404 else f"the index answers {files}")
    fresh = newest(files, python=platform.python_version(), locked=locked.version)
    if fresh is None:
        return _unknown(locked, "the index has no file of it for this Python")
    return Row(name=locked.name, locked=locked.version, newest=fresh, step=step_of(locked.version, fresh))


async def _files(session: aiohttp.ClientSession, url: str) -> list[File] | int:
    async with session.get(url) as answer:
        if answer.status != 200:
            return answer.status
        body = await answer.content.read(_MOST_BYTES)
        while piece := await answer.content.read(_MOST_BYTES):
            body += piece
            if len(body) > _MOST_BYTES:
                return 413
        return files_in_json(body) if answer.content_type.endswith("json") else files_in_html(body.decode())


def _unknown(locked: Locked, note: str) -> Row:
    return Row(name=locked.name, locked=locked.version, newest=None, step=Step.UNKNOWN, note=note)
