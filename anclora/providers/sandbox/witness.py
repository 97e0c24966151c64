"""The witness: what really went out, one JSON line each, in a file that only ever grows."""

import os
from datetime import datetime
from pathlib import Path

import msgspec


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One message that went out.

    Attributes:
        at: when, UTC.
        instance: the number it left.
        recipient: digits as asked for.
        text: words, caption or file name.
        id: the provider's id of the message.
    """

    at: datetime
    instance: str
    recipient: str
    text: str
    id: str


class Witness:
    """Appends sightings. Each line is one write to an `O_APPEND` file, so it is there even if this process is killed.

    Raises:
        OSError: the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._encoder = msgspec.json.Encoder()

    def saw(self, sighting: Sighting) -> None:
        """Write one line."""
        line = self._encoder.encode(sighting) + b"\n"
        if os.write(self._file, line) != len(line):
            msg = f"the witness {self.path} took only a part of a line"
            raise OSError(msg)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_witness(path: Path) -> list[Sighting]:
    """Every sighting so far, in order; a last line whose end is still being written is left for the next look."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [msgspec.json.decode(line, type=Sighting) for line in whole.splitlines()]
