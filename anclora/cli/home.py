"""What `up` and `demo` share: private servers, schema, API key, sandbox and the product's processes."""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anclora.access.keys import create
from anclora.access.model import SCOPES
from anclora.audit import record
from anclora.kit.clock import SystemClock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import process
from anclora.storage.migrate import migrate
from anclora.storage.partitions import ensure_partitions
from anclora.supervise import Child, answers_200, command

_READY_SECONDS = 240.0


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where everything is.

    Attributes:
        env: environment of every child; holds the URLs and keys.
        logs: folder of their logs.
    """

    data_dir: Path
    env: Mapping[str, str]

    @property
    def logs(self) -> Path:
        """Folder of the children's logs."""
        return self.data_dir / "logs"

    def child(self, name: str, *words: str) -> Child:
        """A process of the product, not yet started."""
        env = {**self.env, "ANCLORA_DATA_DIR": str(self.data_dir)}
        return Child(name, command(*words), env, self.logs / f"{name}.log")


def free_port() -> int:
    """A TCP port of loopback nobody uses now."""
    return process.free_port()


def claim_port(host: str, port: int) -> None:
    """Make sure that nobody listens there, before anything is started.

    Raises:
        SetupError: somebody does, or the address is not ours.
    """
    with socket.socket() as listener:
        # As the server itself will: a port whose last connections are only just closed is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"Port {port} of {host} cannot be used ({error.strerror}). "
                "Stop what listens there, or choose another with --port."
            ) from error


def child_env(settings: Settings, **values: str) -> dict[str, str]:
    """The environment of children: ours, without what a `.env` file would add, and these values."""
    env = dict(os.environ) | {"ANCLORA_ENV_FILE": "", "PYTHONUNBUFFERED": "1"}
    for name, value in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url)):
        if value:
            env[name] = value
    return env | values


async def prepare(database_url: str, *, old_key: str | None = None) -> str:
    """Bring the schema up to date, make partitions, and give an API key with every scope."""
    await asyncio.to_thread(migrate, database_url)
    db = Database(await open_pool(database_url))
    try:
        async with db.transaction() as conn:
            await ensure_partitions(conn, SystemClock().now())
        if old_key:
            return old_key
        made = await create(db, account="main", name="anclora up", scopes=sorted(SCOPES), record=record)
        return made.text
    finally:
        await db.close()


async def start_sandbox(
    home: Home, children: list[Child], *, port: int, key: str, script: Mapping[str, object]
) -> Path:
    """Start the sandbox with a script; the path of its witness file."""
    witness = home.data_dir / "witness.jsonl"
    script_file = home.data_dir / "sandbox.json"
    script_file.write_text(json.dumps(script))
    child = home.child(
        "sandbox",
        "sandbox",
        "--port",
        str(port),
        "--script",
        str(script_file),
        "--witness",
        str(witness),
        "--api-key",
        key,
    )
    await child.start()
    children.append(child)
    await child.wait_ready(answers_200(f"http://127.0.0.1:{port}/"), timeout_seconds=_READY_SECONDS)
    return witness


def new_secret() -> str:
    """A key for a server of our own."""
    return secrets.token_hex(24)
