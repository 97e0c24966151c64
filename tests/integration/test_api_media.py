"""Files over HTTP: streamed in, judged by their first bytes, kept once, used by their hash, forgotten in time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from api_harness import PHONE, HandClock, House, house

from anclora.kit.errors import NotFoundError, UnavailableError
from anclora.media import MediaSweep
from anclora.media.disk import DiskStore
from anclora.storage.database import Database
from tests.aws_server import BUCKET, aws_server, point_to, s3

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
HASH = sha256(JPEG).hexdigest()


@pytest.fixture
async def doors(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[House, None]:
    async with house(db, redis, media_dir=tmp_path / "media", media_limit_bytes=900_000) as running:
        yield running


def on_disk(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "media").rglob("*") if path.is_file())


async def test_a_file_is_kept_once_under_its_hash(doors: House, tmp_path: Path) -> None:
    first = await doors.ask("POST", "/api/v1/media?filename=a.jpg", data=JPEG, Content_Type="text/plain")
    again = await doors.ask("POST", "/api/v1/media", data=JPEG)
    assert (first.status, again.status) == (201, 201)
    for answer in (first, again):
        facts = answer.json
        assert (facts["hash"], facts["type"], facts["bytes"]) == (HASH, "image", len(JPEG))
        assert (facts["mimetype"], facts["filename"]) == ("image/jpeg", "a.jpg")
    assert on_disk(tmp_path) == [HASH]
    assert (await doors.ask("GET", f"/api/v1/media/{HASH}")).json["mimetype"] == "image/jpeg"


async def test_a_large_file_is_streamed(doors: House, tmp_path: Path) -> None:
    data = b"%PDF-1.7" + bytes(800_000)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 100_000):
            yield data[start : start + 100_000]

    answer = await doors.ask("POST", "/api/v1/media", data=pieces())
    assert (answer.status, answer.json["type"], answer.json["bytes"]) == (201, "document", len(data))
    assert on_disk(tmp_path) == [sha256(data).hexdigest()]


@pytest.mark.parametrize(
    ("path", "data", "status", "code"),
    [
        ("/api/v1/media", b"", 422, "empty_file"),
        ("/api/v1/media", b"MZ" + bytes(100), 422, "invalid_media"),
        ("/api/v1/media?filename=..%2Fa", JPEG, 422, "invalid_media"),
        ("/api/v1/media?filename=a%00b", JPEG, 422, "invalid_media"),
        ("/api/v1/media", bytes(900_001), 413, "too_large"),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    doors: House, tmp_path: Path, path: str, data: bytes, status: int, code: str
) -> None:
    answer = await doors.ask("POST", path, data=data)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert on_disk(tmp_path) == []


async def test_too_much_without_a_length_is_cut_off(doors: House, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(100_000)

    assert (await doors.ask("POST", "/api/v1/media", data=endless())).status == 413
    assert on_disk(tmp_path) == []


async def test_a_key_is_needed(doors: House) -> None:
    assert (await doors.ask("POST", "/api/v1/media", data=JPEG, key=None)).status == 401
    reader = await doors.make_key("messages:read")
    assert (await doors.ask("POST", "/api/v1/media", data=JPEG, key=reader)).status == 403


@pytest.mark.parametrize("name", ["x", "../../etc/passwd", "A" * 64, "b" * 64])
async def test_no_other_name_finds_anything(doors: House, name: str) -> None:
    assert (await doors.ask("GET", f"/api/v1/media/{name}")).status == 404


async def test_a_message_names_its_file_and_holds_it(doors: House, db: Database) -> None:
    await doors.ask("POST", "/api/v1/media", data=JPEG)
    draft: dict[str, Any] = {"to": PHONE, "type": "image", "media": {"stored": HASH}}
    assert (await doors.ask("POST", "/api/v1/messages", json=draft)).status == 202
    later = (datetime.now(UTC) + timedelta(days=100)).isoformat()
    assert (await doors.ask("POST", "/api/v1/messages", json=draft | {"send_at": later})).status == 202
    row = await db.fetch_one("select kept_until from media")
    assert row is not None
    assert row["kept_until"] > datetime.now(UTC) + timedelta(days=129)
    missing = draft | {"media": {"stored": "b" * 64}}
    refused = await doors.ask("POST", "/api/v1/messages", json=missing)
    assert (refused.status, refused.json["code"]) == (422, "media_gone")


async def test_housekeeping_takes_what_nobody_needs(doors: House, db: Database, tmp_path: Path) -> None:
    files = DiskStore(tmp_path / "media")
    await doors.ask("POST", "/api/v1/media", data=JPEG)
    other = b"%PDF-1.4" + bytes(10)
    await doors.ask("POST", "/api/v1/media", data=other)
    await db.execute("update media set kept_until = now() - interval '1 second' where hash = %(hash)s", hash=HASH)
    (tmp_path / "media" / "new" / "left").write_bytes(b"half")
    clock = HandClock()
    await MediaSweep(db, files, clock).run_once()
    assert on_disk(tmp_path) == sorted([sha256(other).hexdigest(), "left"])
    clock.pass_seconds(90_000)
    await MediaSweep(db, files, clock).run_once()
    assert on_disk(tmp_path) == [sha256(other).hexdigest()]
    with pytest.raises(NotFoundError):
        await files.read(HASH)


class Stubborn(DiskStore):
    """One file of two cannot be removed, and the other takes until the first was refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refused = asyncio.Event()
        self.removed: list[str] = []

    async def remove(self, file_hash: str) -> None:
        if file_hash == HASH:
            self.refused.set()
            raise UnavailableError("The folder of media cannot be used.", code="media_folder")
        await self.refused.wait()
        await super().remove(file_hash)
        self.removed.append(file_hash)


async def test_nothing_is_removed_any_more_when_a_sweep_has_failed(doors: House, db: Database, tmp_path: Path) -> None:
    other = b"%PDF-1.4" + bytes(10)
    for data in (JPEG, other):
        await doors.ask("POST", "/api/v1/media", data=data)
    await db.execute("update media set kept_until = now() - interval '1 second'")
    files = Stubborn(tmp_path / "media")
    with pytest.raises(UnavailableError):
        await MediaSweep(db, files, HandClock()).run_once()
    assert files.removed == [
        sha256(other).hexdigest()
    ]  # while the rows were held, and not behind the back of an upload
    assert await db.fetch_one("select from media where hash = %(hash)s", hash=HASH) is not None


async def test_a_bucket_takes_the_place_of_the_folder(
    db: Database, redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aws_server() as url:
        point_to(url, monkeypatch)
        client = s3()
        async with house(db, redis, media_dir=tmp_path / "media", media_bucket=BUCKET) as doors:
            away = await doors.ask("POST", "/api/v1/media", data=JPEG)
            assert (away.status, away.json["code"]) == (503, "media_bucket_missing")
            client.create_bucket(Bucket=BUCKET)
            assert (await doors.ask("POST", "/api/v1/media", data=JPEG)).status == 201
            [item] = client.list_objects_v2(Bucket=BUCKET)["Contents"]
            assert item["Key"] == f"media/{HASH[:2]}/{HASH}"
            assert on_disk(tmp_path) == []
            await db.execute("update media set kept_until = now() - interval '1 second'")
            await MediaSweep(db, doors.deps.files, HandClock()).run_once()
            assert "Contents" not in client.list_objects_v2(Bucket=BUCKET)
            await doors.deps.files.close()
        client.close()
