"""Redis, brought back: loaded by a Redis of a moment and copied key by key, since none takes a snapshot while it runs.

The lanes seldom need it: they are rebuilt from the ledger. It is for whatever else lies in that Redis.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from anclora.backups.errors import FailedError, RefusedError
from anclora.backups.fetch import Reads
from anclora.backups.house import House
from anclora.backups.model import Manifest, Step
from anclora.backups.rules import differences
from anclora.backups.scratch import SNAPSHOT, loaded_redis, prints_of_redis, scratch_folder, write_all
from anclora.kit.errors import InvalidError, UnavailableError

_PAGE = 200
_SECONDS = 60.0


def look_at_redis(url: str, confirmed: str | None) -> str:
    """The name of a Redis a backup may be restored into: `host:port/number`. Blocks; nothing is touched.

    Raises:
        InvalidError: the address is none.
        RefusedError: it holds keys, and nobody typed its name.
        UnavailableError: it does not answer.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise InvalidError("This is no address of a Redis: redis://:password@host:6379/0.", code="invalid_url")
    name = f"{parts.hostname or 'localhost'}:{parts.port or 6379}/{_number(url)}"
    try:
        with Redis.from_url(url, socket_timeout=_SECONDS) as client:
            keys = int(client.dbsize())
    except RedisError as error:
        raise UnavailableError(f"Redis does not answer: {error}", code="queue_unavailable") from error
    if keys and confirmed != name:
        raise RefusedError(
            f"The Redis {name} holds {keys} keys, which would be lost. The lanes need no restore, they are rebuilt "
            f"from the ledger. To replace them all the same, stop every process and say its name: --confirm {name}",
            extra={"confirm": name},
        )
    return name


def bring_back(house: House, manifest: Manifest, reads: Reads, url: str, step: Step) -> int:
    """Replace what a Redis holds in one database; how many keys. Blocks. The snapshot is loaded before that.

    Raises:
        FailedError: it does not load, or the server is older and cannot read it.
        SetupError: there is no Redis on this machine, or it is too old.
        UnavailableError: the server went away in the middle.
    """
    with scratch_folder(house.spool) as folder:
        with (folder / SNAPSHOT).open("xb") as out:
            write_all(reads(), out)
        with loaded_redis(folder) as server:
            number = _number(url)
            found = prints_of_redis(server.url)
            if manifest.prints and (wrong := differences(manifest.prints, found)):
                raise FailedError(f"{manifest.name} did not load as it was: {wrong[0]}. Nothing was touched.")
            source = server.url.rpartition("/")[0] + f"/{number}"
            try:
                with Redis.from_url(source) as old, Redis.from_url(url, socket_timeout=_SECONDS) as new:
                    return _copied(old, new, step)
            except ResponseError as error:
                raise FailedError(
                    f"The Redis refuses what was backed up ({error}). It must be as new as {manifest.server}."
                ) from error
            except RedisError as error:
                raise UnavailableError(
                    f"Redis went away in the middle ({error}). Run the same command again.", code="queue_unavailable"
                ) from error


def _copied(old: Redis, new: Redis, step: Step) -> int:
    keys = sorted(set(old.scan_iter(count=_PAGE)))
    if keys:  # a server that cannot read them says so before anything is lost
        probe = b"anclora:restore-probe"
        new.restore(probe, 1_000, _dumps(old, keys[:1])[0][1], replace=True)
        new.delete(probe)
    new.flushdb()
    for start in range(0, len(keys), _PAGE):
        page = keys[start : start + _PAGE]
        with new.pipeline(transaction=False) as pipe:
            for key, (ttl_ms, dump) in zip(page, _dumps(old, page), strict=True):
                if dump is not None:  # it came to its end meanwhile
                    pipe.restore(key, max(ttl_ms, 0), dump)
            pipe.execute()
        step("restore", min(start + _PAGE, len(keys)), len(keys))
    return len(keys)


def _dumps(old: Redis, keys: Sequence[bytes]) -> list[tuple[int, Any]]:
    with old.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.pttl(key)
            pipe.dump(key)
        answers: list[Any] = pipe.execute()
    return list(zip(answers[::2], answers[1::2], strict=True))


def _number(url: str) -> int:
    path = urlsplit(url).path.strip("/")
    return int(path) if path.isdigit() else 0
