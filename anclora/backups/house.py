"""What every verb of backups works with: where they go, what encrypts them, and what is backed up here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anclora.backups.errors import NotConfiguredError
from anclora.backups.keys import Keyring, read_keyring
from anclora.backups.model import Kind
from anclora.backups.target import Target, open_target
from anclora.kit.clock import Clock
from anclora.kit.settings import Settings


@dataclass(frozen=True, kw_only=True)
class House:
    """One installation, as backups see it.

    Attributes:
        actor: whose doing it is, in the audit trail of a ledger that is restored.
    """

    settings: Settings
    target: Target
    clock: Clock
    actor: str = "system"

    @property
    def spool(self) -> Path:
        """Where a backup waits, encrypted, until it is whole."""
        return self.settings.data_dir.absolute() / "backups-spool"

    def keyring(self) -> Keyring:
        """The keys.

        Raises:
            NotConfiguredError: nobody said where they are.
            KeyFileError: they are not there.
        """
        if self.settings.backup_key_file is None:
            raise NotConfiguredError(
                "ANCLORA_BACKUP_KEY_FILE is not set, so nothing can be encrypted or opened. "
                "Make a key with: anclora backup key; then set it to that file."
            )
        return read_keyring(self.settings.backup_key_file)

    def close(self) -> None:
        """Let go of the target."""
        self.target.close()


def open_house(settings: Settings, clock: Clock, actor: str = "system") -> House:
    """The house of these settings. Connects to nothing; whoever opens it closes it.

    Raises:
        NotConfiguredError: there is no target.
    """
    return House(settings=settings, target=open_target(settings.backup_url), clock=clock, actor=actor)


def is_configured(settings: Settings) -> bool:
    """Whether backups are wanted here at all."""
    return bool(settings.backup_url)


def kinds_of(settings: Settings) -> Sequence[Kind]:
    """What is backed up here."""
    names = {word.strip() for word in settings.backup_kinds.split(",")}
    there = {
        Kind.POSTGRES: True,
        # The nodes of a cluster have no common moment; its lanes are rebuilt from the ledger.
        Kind.REDIS: not settings.redis_cluster,
        Kind.EVOLUTION: settings.evolution_database_url is not None,
        Kind.CONFIG: True,
    }
    return [kind for kind in Kind if kind in names and there[kind]]
