"""A Redis Cluster of three nodes on loopback, for the length of a block."""

import asyncio
import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import redis

from anclora.storage.embedded.process import free_port
from anclora.storage.embedded.redis import find_program
from tests.waiting import eventually

SLOTS = 16_384
_START_SECONDS = 90.0
_BUS_PORT_ABOVE = 10_000
_GIVEN_AWAY = 32_768  # from here on the system gives ports away by itself


@contextlib.contextmanager
def running_cluster(nodes: int = 3) -> Generator[str, None, None]:
    """The address of one node of a fresh cluster."""
    with tempfile.TemporaryDirectory(prefix="anclora-cluster-") as folder, contextlib.ExitStack() as stack:
        ports = _free_ports(nodes)
        for port in ports:
            stack.callback(_end, _start(Path(folder) / str(port), port))
        clients = [redis.Redis(port=port, socket_timeout=5) for port in ports]
        for client in clients:
            stack.callback(client.close)
        for place, client in enumerate(clients):
            _until_whole(client)
            slots = range(place * SLOTS // nodes, (place + 1) * SLOTS // nodes)  # Redis 6.2 knows no ADDSLOTSRANGE
            client.execute_command("CLUSTER ADDSLOTS", *slots)
            client.execute_command("CLUSTER MEET", "127.0.0.1", ports[0])
        for client in clients:
            _until_whole(client, nodes=nodes)
        yield f"redis://127.0.0.1:{ports[0]}"


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        number = free_port()
        bus = number + _BUS_PORT_ABOVE  # where the nodes speak to each other
        if number not in found and bus < _GIVEN_AWAY and _is_free(bus):
            found.append(number)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "cluster-enabled": "yes",
        "save": "",
        "appendonly": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return subprocess.Popen([str(find_program()), *words], stdout=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(timeout=60)


def _until_whole(client: redis.Redis, *, nodes: int = 0) -> None:
    """Wait until a node answers, and then until it sees the whole cluster."""

    async def whole() -> bool:
        try:
            told: Any = client.execute_command("CLUSTER INFO")
        except redis.RedisError:
            return False
        return not nodes or (told["cluster_state"], told["cluster_known_nodes"]) == ("ok", str(nodes))

    asyncio.run(eventually(whole, timeout_seconds=_START_SECONDS))
