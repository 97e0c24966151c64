"""A file is good when it was brought back from where it lies, and holds what the ledger holds. Blocks."""

from pathlib import Path

from anclora.backups.target import Target
from anclora.retention import parquet
from anclora.retention.errors import DamagedError
from anclora.retention.export import Exported, sha256_of
from anclora.retention.model import Step
from anclora.retention.rules import Sum

_STEP_ROWS = 5_000


def verify(target: Target, key: str, exported: Exported, step: Step) -> None:
    """Fetch a file, compare its bytes with those that were sent, then its rows with those of the ledger.

    Raises:
        DamagedError: it is not what was sent, or does not hold what the ledger holds.
        TargetError: it is missing, or the target does not answer.
    """
    back = exported.file.with_suffix(".back")
    try:
        step(f"{exported.table}: fetch", 0, None)
        target.get(key, back, count=lambda _: None)
        if sha256_of(back) != exported.sha256:
            raise DamagedError(f"{key} in {target.place} is not what was sent. {_NOTHING}")
        prove(back, exported, step)
    finally:
        back.unlink(missing_ok=True)


def prove(file: Path, exported: Exported, step: Step) -> None:
    """Read a file and compare its rows with those of the ledger. Raises `DamagedError`."""
    found = Sum()
    for values in parquet.read(file, exported.columns):
        found.add(values)
        if found.rows % _STEP_ROWS == 0:
            step(f"{exported.table}: read back", found.rows, exported.print.rows)
    if found.print != exported.print:
        raise DamagedError(
            f"The file of {exported.partition} holds {found.rows:,} rows, the ledger {exported.print.rows:,}"
            f"{', and they differ' if found.rows == exported.print.rows else ''}. {_NOTHING}"
        )


_NOTHING = "Nothing was dropped. Look at the target, then: anclora retention run"
