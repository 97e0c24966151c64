"""What every verb of retention works with: where months go, and after how many days."""

from dataclasses import dataclass
from pathlib import Path

from anclora.backups.target import Target, open_target
from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings
from anclora.retention.errors import NotConfiguredError


@dataclass(frozen=True, kw_only=True)
class House:
    """One installation, as retention sees it."""

    settings: Settings
    target: Target
    clock: Clock

    @property
    def spool(self) -> Path:
        """Where a file waits until it is proved."""
        return self.settings.data_dir.absolute() / "retention-spool"

    @property
    def database_url(self) -> str:
        """The ledger.

        Raises:
            SetupError: none is named.
        """
        if self.settings.database_url is None:
            raise SetupError("There is no database. Start `anclora up`, or set DATABASE_URL.")
        return self.settings.database_url

    def close(self) -> None:
        """Let go of the target."""
        self.target.close()


def open_house(settings: Settings, clock: Clock) -> House:
    """The house of these settings. Connects to nothing; whoever opens it closes it.

    Raises:
        NotConfiguredError: there is no target.
    """
    if not settings.retention_url:
        raise NotConfiguredError(
            "Retention is not configured, so every month stays in the ledger. Set ANCLORA_RETENTION_URL "
            "(s3://bucket/prefix or a folder): docs/howto/archive-old-months.md"
        )
    target = open_target(settings.retention_url, setting="ANCLORA_RETENTION_URL")
    return House(settings=settings, target=target, clock=clock)
