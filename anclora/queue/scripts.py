"""Loads the Lua files and runs them: one call of `run` is one round trip, whatever the number of shards.

A script is the line with its numbers, a clock, what all share (`shard.lua`, `tail.lua`, `pace.lua`), and the verb's own
file. It is called by its SHA-1; a server that does not know it (restart, SCRIPT FLUSH) answers NOSCRIPT without running
anything, is given the text, and asked again.
"""

from collections.abc import Mapping
from hashlib import sha1
from importlib.resources import files
from typing import Any

import msgspec
from redis.exceptions import NoScriptError, ResponseError

from anclora.kit.errors import UnavailableError
from anclora.queue import keys
from anclora.queue.errors import ProtocolError
from anclora.queue.server import Server, away, is_away

VERBS = (
    "enqueue",
    "claim",
    "extend",
    "complete",
    "retry",
    "release",
    "cancel",
    "promote",
    "pause",
    "resume",
    "limit",
    "recall",
    "sweep",
    "stats",
    "peek",
    "open_shard",
)

_encode = msgspec.msgpack.Encoder().encode


def text_of(verb: str, *, test_offset: bool, fully: int) -> str:
    """The whole text of a verb's script."""
    lua = files("anclora.queue") / "lua"
    clock = "test_clock.lua" if test_offset else "clock.lua"
    parts = [
        (lua / name).read_text(encoding="utf-8") for name in (clock, "shard.lua", "tail.lua", "pace.lua", f"{verb}.lua")
    ]
    return "\n".join([f"local PROTOCOL, FULLY = {keys.PROTOCOL}, {fully}", *parts])


class Scripts:
    """The scripts of one namespace.

    Args:
        server: where they run.
        namespace: first part of every key.
        test_offset: load scripts whose clock a test can move.
        fully: items a lane holds in full before others are packed.
    """

    def __init__(self, server: Server, *, namespace: str, test_offset: bool, fully: int) -> None:
        self._server = server
        self._namespace = namespace
        self._texts = {verb: text_of(verb, test_offset=test_offset, fully=fully) for verb in VERBS}
        # What EVALSHA asks for.
        self._digests = {
            verb: sha1(text.encode(), usedforsecurity=False).hexdigest() for verb, text in self._texts.items()
        }

    async def run(self, verb: str, calls: Mapping[int, object]) -> dict[int, Any]:
        """Run one verb in several shards, atomic in each.

        Args:
            verb: one of `VERBS`.
            calls: shard -> the argument described in the verb's file.

        Returns:
            Shard -> the script's answer; strings as bytes.

        Raises:
            ProtocolError: the shard belongs to a newer protocol.
            UnavailableError: Redis is away; whether the script ran is unknown.
        """
        answers: dict[int, Any] = {}
        unknown = await self._send(verb, calls, answers)
        if unknown:
            await self._server.load(self._texts[verb])
            if await self._send(verb, unknown, answers):
                raise UnavailableError("Redis forgets scripts as soon as they are loaded.", code="queue_unavailable")
        return answers

    async def _send(self, verb: str, calls: Mapping[int, object], answers: dict[int, Any]) -> dict[int, object]:
        """Fill `answers`; return the calls whose script the server does not know."""
        digest = self._digests[verb]
        results = await self._server.evalsha(
            [(digest, keys.meta(self._namespace, shard), _encode(argument)) for shard, argument in calls.items()]
        )
        unknown: dict[int, object] = {}
        for (shard, argument), result in zip(calls.items(), results, strict=True):
            if isinstance(result, NoScriptError):
                unknown[shard] = argument
            elif isinstance(result, Exception):
                raise _refusal(result, shard) from result
            else:
                answers[shard] = result
        return unknown


def _refusal(error: Exception, shard: int) -> Exception:
    text = str(error)
    if isinstance(error, ResponseError) and text.startswith("PROTOCOL "):
        newer = text.removeprefix("PROTOCOL ")
        return ProtocolError(
            f"Shard {shard} speaks protocol {newer}, this process {keys.PROTOCOL}: it must be updated."
        )
    if is_away(error):
        return away(error)
    return error
