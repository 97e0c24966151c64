"""One suite for every place files may lie in, each the real thing: what uploads, messages and housekeeping rely on."""

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.request import Request, urlopen

import pytest

from anclora.kit.errors import InvalidError, NotFoundError, UnavailableError
from anclora.kit.settings import load_settings
from anclora.media import FileStore, open_store
from anclora.media.rules import HEAD_BYTES
from tests.aws_server import BUCKET, aws_server, point_to, s3

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
HASH = sha256(JPEG).hexdigest()
LIMIT = 30_000_000
PREFIX = "media/"


class Place(Protocol):
    """A store, and a look at what lies in it behind its back."""

    store: FileStore

    def names(self) -> list[str]:
        """Everything that lies there, files without a name too."""
        ...

    def spoil(self, file_hash: str) -> None:
        """Change the bytes of a file."""
        ...


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(load_settings(media_dir=folder))

    def names(self) -> list[str]:
        return files_below(self.folder)

    def spoil(self, file_hash: str) -> None:
        (self.folder / file_hash[:2] / file_hash).write_bytes(b"other")


class Bucket:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = s3()
        self.client.create_bucket(Bucket=BUCKET)
        self.store = open_store(load_settings(media_dir=folder, media_bucket=BUCKET, media_prefix=PREFIX))

    def remove(self) -> None:
        for item in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            self.client.delete_object(Bucket=BUCKET, Key=item["Key"])
        self.client.delete_bucket(Bucket=BUCKET)
        self.client.close()

    def names(self) -> list[str]:
        kept = [item["Key"] for item in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        assert all(key.startswith(PREFIX) for key in kept)
        return sorted([*files_below(self.folder), *(key.rpartition("/")[2] for key in kept)])

    def spoil(self, file_hash: str) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}{file_hash[:2]}/{file_hash}", Body=b"other")


@pytest.fixture(scope="module")
def aws() -> Generator[str, None, None]:
    with aws_server() as url:
        yield url


@pytest.fixture(params=[Disk, Bucket], ids=lambda kind: kind.__name__)
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Place, None]:
    if request.param is Bucket:
        point_to(request.getfixturevalue("aws"), monkeypatch)
    made = request.param(tmp_path)
    yield made
    await made.store.close()
    if isinstance(made, Bucket):
        made.remove()


def anything(head: bytes) -> None:
    del head


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def put(store: FileStore, data: bytes = JPEG, admit: Callable[[bytes], None] = anything) -> str:
    draft = await store.write(pieces(data), limit_bytes=LIMIT, admit=admit)
    await store.place(draft)
    return draft.hash


def test_it_has_every_verb_of_the_contract(place: Place) -> None:
    for name, ours in inspect.getmembers(FileStore, inspect.isfunction):
        if not name.startswith("_"):
            theirs = getattr(type(place.store), name)
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name


async def test_the_same_bytes_are_one_file_under_their_hash(place: Place) -> None:
    draft = await place.store.write(pieces(JPEG, 7), limit_bytes=LIMIT, admit=anything)
    assert (draft.hash, draft.size, draft.head) == (HASH, len(JPEG), JPEG[:HEAD_BYTES])
    await place.store.place(draft)
    assert await put(place.store) == HASH
    assert place.names() == [HASH]
    assert await place.store.read(HASH) == JPEG


async def test_a_large_file_comes_back_byte_for_byte(place: Place) -> None:
    data = b"%PDF-1.7" + bytes(range(251)) * 50_000
    assert await place.store.read(await put(place.store, data)) == data


async def test_too_much_is_cut_off_and_leaves_nothing(place: Place) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1_000):
            taken += 1
            yield bytes(10_000)

    with pytest.raises(InvalidError) as caught:
        await place.store.write(endless(), limit_bytes=50_000, admit=anything)
    assert (caught.value.code, taken, place.names()) == ("too_large", 6, [])


async def test_no_byte_is_no_file(place: Place) -> None:
    with pytest.raises(InvalidError) as caught:
        await place.store.write(pieces(b""), limit_bytes=LIMIT, admit=anything)
    assert (caught.value.code, place.names()) == ("empty_file", [])


@pytest.mark.parametrize("size", [3, HEAD_BYTES, 500_000])
async def test_what_is_not_admitted_is_refused_by_its_first_bytes(place: Place, size: int) -> None:
    heads: list[bytes] = []
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        async for piece in pieces(b"MZ" + bytes(size - 2), 1_000):
            taken += len(piece)
            yield piece

    def refuse(head: bytes) -> None:
        heads.append(head)
        raise InvalidError("No programs.", code="invalid_media")

    with pytest.raises(InvalidError):
        await place.store.write(counted(), limit_bytes=LIMIT, admit=refuse)
    assert heads == [(b"MZ" + bytes(size - 2))[:HEAD_BYTES]]
    assert taken <= 1_000
    assert place.names() == []


async def test_a_dropped_draft_leaves_nothing(place: Place) -> None:
    draft = await place.store.write(pieces(JPEG), limit_bytes=LIMIT, admit=anything)
    assert len(place.names()) == 1
    await place.store.drop(draft)
    await place.store.drop(draft)
    assert place.names() == []


async def test_an_upload_that_breaks_off_leaves_nothing(place: Place) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield JPEG
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, UnavailableError)):
        await place.store.write(broken(), limit_bytes=LIMIT, admit=anything)
    assert place.names() == []


async def test_a_file_that_is_not_here_is_gone(place: Place) -> None:
    with pytest.raises(NotFoundError) as caught:
        await place.store.read(HASH)
    assert caught.value.code == "media_gone"
    await place.store.remove(HASH)
    await put(place.store)
    await place.store.remove(HASH)
    assert place.names() == []


async def test_a_file_that_changed_is_not_handed_out(place: Place) -> None:
    await put(place.store)
    place.spoil(HASH)
    with pytest.raises(UnavailableError) as caught:
        await place.store.read(HASH)
    assert caught.value.code == "media_broken"
    await put(place.store)
    assert await place.store.read(HASH) == JPEG


async def test_old_drafts_are_forgotten_and_files_are_not(place: Place) -> None:
    await put(place.store)
    await place.store.write(pieces(b"half"), limit_bytes=LIMIT, admit=anything)
    now = time.time()
    assert await place.store.forget_unnamed(older_than_epoch_seconds=now - 3_600) == 0
    assert len(place.names()) == 2
    assert await place.store.forget_unnamed(older_than_epoch_seconds=now + 3_600) == 1
    assert place.names() == [HASH]


async def test_many_at_once_are_all_kept(place: Place) -> None:
    files = [b"%PDF-" + bytes([n]) * 10_000 for n in range(40)]
    hashes = await asyncio.gather(*(put(place.store, data) for data in files))
    assert await asyncio.gather(*(place.store.read(each) for each in hashes)) == files


def checked_from_now_on(url: str, yes: bool) -> None:
    """Whether the server asks who we are: moto lets so many requests through before it does."""
    count, kind = b"0" if yes else b"inf", {"Content-Type": "text/plain"}
    with urlopen(Request(f"{url}/moto-api/reset-auth", data=count, headers=kind, method="POST")) as answer:  # noqa: S310
        assert answer.status == 200


def in_a_bucket(folder: Path, name: str = BUCKET) -> FileStore:
    return open_store(load_settings(media_dir=folder, media_bucket=name))


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def every_verb(store: FileStore) -> set[str]:
    """Call them all; the codes of their refusals."""
    codes: set[str] = set()
    for call in (
        lambda: store.write(pieces(JPEG), limit_bytes=LIMIT, admit=anything),
        lambda: store.read(HASH),
        lambda: store.remove(HASH),
        lambda: store.forget_unnamed(older_than_epoch_seconds=0.0),
    ):
        with pytest.raises(UnavailableError) as caught:
            await call()
        codes.add(caught.value.code)
    await store.close()
    return codes


async def test_a_bucket_that_is_not_there(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(aws, monkeypatch)
    assert await every_verb(in_a_bucket(tmp_path, "nobody-made-it")) == {"media_bucket_missing"}
    assert files_below(tmp_path) == []


async def test_a_bucket_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    assert await every_verb(in_a_bucket(tmp_path)) == {"media_bucket_away"}
    assert files_below(tmp_path) == []


async def test_keys_that_nobody_knows(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(aws, monkeypatch)
    checked_from_now_on(aws, True)
    try:
        assert await every_verb(in_a_bucket(tmp_path)) == {"media_bucket_denied"}
    finally:
        checked_from_now_on(aws, False)
    assert files_below(tmp_path) == []


async def test_a_bucket_that_is_away_for_a_while_loses_nothing(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(aws, monkeypatch)
    here = Bucket(tmp_path)
    await put(here.store)
    here.client.close()
    checked_from_now_on(aws, True)
    try:
        assert await every_verb(here.store) == {"media_bucket_denied"}
    finally:
        checked_from_now_on(aws, False)
    again = Bucket(tmp_path)
    assert await again.store.read(HASH) == JPEG
    await again.store.close()
    again.remove()


async def test_no_keys_are_named(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(aws, monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert await every_verb(in_a_bucket(tmp_path)) == {"media_bucket_keys"}


async def test_the_event_loop_goes_on_while_a_bucket_works(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(aws, monkeypatch)
    store = in_a_bucket(tmp_path)
    inside, go_on = threading.Event(), threading.Event()

    def hold(client: object) -> None:
        del client
        inside.set()
        assert go_on.wait(10)

    held = asyncio.create_task(store._do(hold))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType]
    assert await asyncio.to_thread(inside.wait, 10)
    assert not held.done()
    go_on.set()
    await held
    await store.close()


@pytest.mark.parametrize("setting", [{"media_bucket": "Not_A_Bucket"}, {"media_prefix": "no-slash"}])
def test_a_name_that_cannot_be_refuses_to_start(setting: dict[str, str]) -> None:
    with pytest.raises(Exception, match="ANCLORA_MEDIA_"):
        load_settings(**setting)
