"""Parquet: a table streamed into a file and out of it again, a batch of rows in memory at a time."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_parquet

from anclora.retention.errors import DamagedError

_BATCH_ROWS = 8_192
_MARK = b"PAR1"  # at both ends of every file
_KINDS = {
    "text": (DataType.string(), None),
    "bytes": (DataType.binary(), None),
    "boolean": (DataType.bool(), None),
    "integer": (DataType.int64(), None),
    "moment": (DataType.int64(), DataType.timestamp("us", tz="UTC")),
}

Columns = Sequence[tuple[str, str]]
"""Names and kinds (`text`, `bytes`, `boolean`, `integer`, `moment` in microseconds since 1970)."""


def write(file: Path, columns: Columns, batches: Iterable[Sequence[Sequence[object]]]) -> None:
    """Write batches of rows, whose values are what their kind says or None."""
    schema = Schema([Field(name, _KINDS[kind][1] or _KINDS[kind][0], nullable=True) for name, kind in columns])

    def every() -> Iterator[RecordBatch]:
        for rows in batches:
            arrays = [_array(kind, [row[place] for row in rows]) for place, (_, kind) in enumerate(columns)]
            yield RecordBatch.from_arrays(arrays, schema=schema)

    write_parquet(RecordBatchReader.from_batches(schema, every()), file, compression="zstd(3)")


def read(file: Path, columns: Columns) -> Iterator[Sequence[object]]:
    """Every row again, as it was given to `write`.

    Raises:
        DamagedError: this is no such file.
    """
    _look_at_ends(file)
    try:
        for batch in read_parquet(file, batch_size=_BATCH_ROWS):
            yield from zip(*(_values(batch.column(name), kind) for name, kind in columns), strict=True)
    except Exception as error:  # the reader's errors have no class of their own
        raise DamagedError(f"{file.name} cannot be read as Parquet: {str(error)[:200]}.") from error


def _look_at_ends(file: Path) -> None:
    """A file that is cut short makes the reader give up the whole process, so it never sees one."""
    try:
        with file.open("rb") as source:
            first = source.read(len(_MARK))
            source.seek(-len(_MARK), 2)
            last = source.read()
    except OSError as error:
        raise DamagedError(f"{file.name} cannot be read: {error.strerror or error}.") from error
    if (first, last) != (_MARK, _MARK):
        raise DamagedError(f"{file.name} is no whole Parquet file.")


def _array(kind: str, values: Sequence[Any]) -> Array:
    plain, wanted = _KINDS[kind]
    made = Array(values, plain)
    return made if wanted is None else made.cast(wanted)


def _values(column: Any, kind: str) -> Sequence[object]:
    return [each.as_py() for each in (column.cast(DataType.int64()) if kind == "moment" else column)]
