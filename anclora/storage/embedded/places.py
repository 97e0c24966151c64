"""What every data directory has: a lock, and secrets only its owner reads."""

import fcntl
import os
import secrets
from contextlib import ExitStack
from pathlib import Path

from anclora.kit.errors import SetupError


def made(data_dir: Path) -> Path:
    """The data directory, made when there is none."""
    if not data_dir.exists():
        data_dir.mkdir(parents=True)
        # Root's Postgres runs as another user, who only has to pass through; what is in there is closed by itself.
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return data_dir.resolve()


def lock(folder: Path, locks: ExitStack) -> None:
    """Hold `<folder>/lock`; the kernel lets go of it when this process ends, however it ends."""
    file = locks.enter_context((folder / "lock").open("a+"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        raise SetupError(
            f"The private servers in {folder} belong to the running process {owner}."
            " Stop it, or use another data directory."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()


def secret(path: Path) -> str:
    """The password in a file only its owner reads; made on first use."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    half.touch(mode=0o600, exist_ok=False)
    half.write_text(text)
    half.replace(path)
