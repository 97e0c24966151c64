"""An encrypted stream comes back byte for byte, or not at all: every change of it is noticed and said."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anclora.backups import Keyring, make_key, read_keyring, rotate_key
from anclora.backups.errors import DamagedError, ForeignError, KeyFileError, WrongKeyError
from anclora.backups.keys import Key
from anclora.backups.seal import MAGIC, PIECE_BYTES, Sealed, Sealer, opened
from anclora.kit.errors import AncloraError, ConflictError

KEYS = Keyring([Key(bytes(range(32)))], Path("backup.key"))
HEADER = 48
WHOLE_PIECE = PIECE_BYTES + 16


def sealed(*parts: bytes, keys: Keyring = KEYS) -> tuple[bytes, Sealed]:
    out = Unclosed()
    sealer = Sealer(out, keys.current)
    for part in parts:
        sealer.write(part)
    done = sealer.finish()
    return out.getvalue(), done


class Unclosed(io.BytesIO):
    """A file in memory that can be brought to a disk there is not."""

    def fileno(self) -> int:
        return 1  # of the test's own output: fsync of it does nothing


def read(data: bytes, keys: Keyring = KEYS) -> bytes:
    return b"".join(opened(io.BytesIO(data), keys))


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_what_was_written_comes_back(size: int) -> None:
    plain = bytes(range(251)) * (size // 251 + 1)
    plain = plain[:size]
    data, done = sealed(plain[: size // 3], plain[size // 3 :])
    assert read(data) == plain
    assert (done.plain_bytes, done.bytes) == (size, len(data))
    assert plain[:64] not in data or size < 8


def test_the_same_bytes_are_never_encrypted_alike() -> None:
    assert sealed(b"hola")[0] != sealed(b"hola")[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_noticed(data: st.DataObject) -> None:
    whole, _ = sealed(b"one" * 500)
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    spoiled = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    with pytest.raises(AncloraError) as caught:
        read(spoiled)
    assert isinstance(caught.value, DamagedError | ForeignError | WrongKeyError)
    if at >= HEADER:
        assert isinstance(caught.value, DamagedError)


@pytest.mark.parametrize("kept", [HEADER - 1, HEADER, HEADER + 5, HEADER + WHOLE_PIECE, HEADER + WHOLE_PIECE + 7])
def test_what_is_cut_off_says_so(kept: int) -> None:
    whole, _ = sealed(bytes(2 * PIECE_BYTES + 5))
    with pytest.raises(DamagedError, match="cut off"):
        read(whole[:kept])


def test_pieces_that_change_places_are_noticed_and_so_is_one_left_out() -> None:
    whole, _ = sealed(bytes(2 * PIECE_BYTES + 5))
    first, second = whole[HEADER : HEADER + WHOLE_PIECE], whole[HEADER + WHOLE_PIECE : HEADER + 2 * WHOLE_PIECE]
    rest = whole[HEADER + 2 * WHOLE_PIECE :]
    for wrong in (second + first + rest, first + rest, first + first + second + rest):
        with pytest.raises(DamagedError):
            read(whole[:HEADER] + wrong)


def test_something_behind_the_end_is_noticed() -> None:
    with pytest.raises(DamagedError):
        read(sealed(b"hola")[0] + b"more")


@pytest.mark.parametrize("foreign", [b"", b"PGDMP\x01\x0e", b"REDIS0011", b"ANCLBK0"])
def test_what_was_never_ours_is_foreign(foreign: bytes) -> None:
    with pytest.raises(ForeignError, match="no backup of Anclora"):
        read(foreign)


def test_another_key_is_named_and_an_older_one_in_the_file_opens(tmp_path: Path) -> None:
    path = tmp_path / "a" / "backup.key"
    keys = make_key(path)
    data, _ = sealed(b"hola", keys=keys)
    assert data.startswith(MAGIC + bytes.fromhex(keys.current.id))
    newer = rotate_key(path)
    assert list(newer.ids)[1:] == list(keys.ids)
    assert newer.current.id != keys.current.id
    assert read(data, newer) == b"hola"
    with pytest.raises(WrongKeyError) as caught:
        read(data)
    assert keys.current.id in caught.value.detail
    assert "ANCLORA_BACKUP_KEY_FILE" in caught.value.detail


def test_a_key_file_is_its_owners_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "backup.key"
    keys = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError):
        make_key(path)
    assert read_keyring(path).ids == keys.ids
    assert rotate_key(path).path.stat().st_mode & 0o777 == 0o600
    assert keys.current.secret.hex() not in repr(keys.current)


@pytest.mark.parametrize("text", ["", "# nothing\n", "abk_short\n", "key\n", "abk_" + "é" * 43])
def test_a_key_file_that_holds_none_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "backup.key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KeyFileError):
        read_keyring(path)
    with pytest.raises(KeyFileError, match="anclora backup key"):
        read_keyring(tmp_path / "none.key")
