"""One suite for every place backups may lie in, each the real thing: what runs, lists, restores and prunes rely on."""

import inspect
import urllib.request
from collections.abc import Callable, Generator
from hashlib import sha256
from pathlib import Path

import pytest

from anclora.backups import Kind, Tier, find, find_all, make, verify
from anclora.backups.bucket import BucketTarget
from anclora.backups.errors import NotConfiguredError, TargetError
from anclora.backups.folder import FolderTarget
from anclora.backups.target import Target, open_target
from tests.aws_server import BUCKET, aws_server, point_to, s3
from tests.backups_house import house_in

LARGE = bytes(range(256)) * 4_000


@pytest.fixture(scope="module")
def aws() -> Generator[str, None, None]:
    with aws_server() as url:
        yield url


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str, None, None]:
    if request.param == "folder":
        yield (tmp_path / "kept").as_uri()
        return
    point_to(request.getfixturevalue("aws"), monkeypatch)
    client = s3()
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="somebody-elses", Body=b"x")
    yield f"s3://{BUCKET}/prod/wa"
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)
    client.close()


@pytest.fixture
def target(url: str) -> Generator[Target, None, None]:
    made = open_target(url)
    yield made
    made.close()


@pytest.mark.parametrize("kind", [FolderTarget, BucketTarget])
def test_it_has_every_verb_of_the_contract(kind: type) -> None:
    for name, ours in inspect.getmembers(Target, inspect.isfunction):
        if not name.startswith("_"):
            theirs = getattr(kind, name)
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name


def test_a_file_comes_back_byte_for_byte_and_is_counted(target: Target, tmp_path: Path) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(LARGE)
    moved: list[int] = []
    target.put("redis/daily/data/one.rdb.enc", source, count=moved.append)
    assert sum(moved) == len(LARGE)
    target.get("redis/daily/data/one.rdb.enc", back, count=moved.append)
    assert sha256(back.read_bytes()).digest() == sha256(LARGE).digest()
    assert sum(moved) == 2 * len(LARGE)


def test_what_is_written_again_is_replaced(target: Target) -> None:
    target.write("config/daily/one.json", b"first")
    target.write("config/daily/one.json", b"second")
    assert target.read("config/daily/one.json") == b"second"
    assert [(each.key, each.bytes) for each in target.list("")] == [("config/daily/one.json", 6)]


def test_a_list_is_in_the_order_of_keys_and_of_its_prefix_only(target: Target) -> None:
    assert target.list("redis/") == []
    for key in ("redis/daily/2.json", "redis/daily/1.json", "redis/hourly/1.json", "postgres/daily/1.json"):
        target.write(key, b"x")
    assert [each.key for each in target.list("redis/daily/")] == ["redis/daily/1.json", "redis/daily/2.json"]
    assert len(target.list("")) == 4


def test_what_is_removed_is_gone_and_may_be_removed_again(target: Target, tmp_path: Path) -> None:
    target.write("a/b", b"x")
    target.remove("a/b")
    target.remove("a/b")
    assert target.list("") == []
    for act in (lambda: target.read("a/b"), lambda: target.get("a/b", tmp_path / "back", count=lambda _: None)):
        with pytest.raises(TargetError) as caught:
            act()
        assert caught.value.code == "backup_missing"


def test_a_file_that_cannot_be_read_leaves_nothing(target: Target, tmp_path: Path) -> None:
    with pytest.raises((TargetError, FileNotFoundError)):
        target.put("a/b", tmp_path / "none", count=lambda _: None)
    assert target.list("") == []


def test_its_place_says_where_it_is(target: Target, url: str) -> None:
    assert url.endswith(target.place)


async def test_a_backup_goes_there_and_comes_back(url: str, tmp_path: Path) -> None:
    house = house_in(tmp_path, backup_url=url)
    made = [await make(house, Kind.CONFIG, tier) for tier in (Tier.HOURLY, Tier.MANUAL)]
    assert [each.name for each in await find_all(house)] == [each.name for each in made]
    assert (await find(house, "config")).name == made[1].name
    assert (await verify(house, made[0])).good
    house.close()


def test_the_last_line_of_a_listing_is_the_newest_whole_backup(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(aws, monkeypatch)
    client = s3()
    client.create_bucket(Bucket="anclora-backups")
    target = open_target("s3://anclora-backups")
    for day in (1, 3, 2):
        stamp = f"2026-01-0{day}T020000Z"
        target.write(f"redis/daily/data/{stamp}.rdb.enc", b"x")
        target.write(f"redis/daily/{stamp}.json", b"{}")
    target.write("redis/daily/data/2026-01-04T020000Z.rdb.enc", b"died in the middle")
    page = client.list_objects_v2(Bucket="anclora-backups", Prefix="redis/daily/", Delimiter="/")
    lines = [each["Prefix"] for each in page["CommonPrefixes"]] + [each["Key"] for each in page["Contents"]]
    assert lines[-1] == "redis/daily/2026-01-03T020000Z.json"
    target.close()
    client.close()


REFUSED: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None], str]] = {
    "missing": (
        "s3://nobody-made-it/x",
        lambda monkeypatch: None,
        "There is no bucket nobody-made-it.*ANCLORA_BACKUP_URL",
    ),
    "away": (
        "s3://anclora-test",
        lambda monkeypatch: monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        "cannot be reached",
    ),
    "no keys": ("s3://anclora-test", lambda monkeypatch: monkeypatch.delenv("AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID"),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_a_bucket_that_does_not_do_it_says_why(
    what: str, aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(aws, monkeypatch)
    url, spoil, words = REFUSED[what]
    if what == "no keys":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    spoil(monkeypatch)
    target, source = open_target(url), tmp_path / "source"
    source.write_bytes(b"x")
    acts: list[Callable[[], object]] = [
        lambda: target.put("a", source, count=lambda _: None),
        lambda: target.write("a", b"x"),
        lambda: target.list(""),
    ]
    for act in acts:
        with pytest.raises(TargetError, match=words):
            act()
    target.close()


def test_keys_that_nobody_knows(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(aws, monkeypatch)
    client = s3()
    client.create_bucket(Bucket="closed-backups")
    target = open_target("s3://closed-backups")
    asks(aws, yes=True)
    try:
        with pytest.raises(TargetError, match=r"refuses us.*s3:PutObject"):
            target.write("a", b"x")
    finally:
        asks(aws, yes=False)
        target.close()
        client.close()


def asks(aws: str, *, yes: bool) -> None:
    """Whether the server asks who we are: moto lets so many requests through before it does."""
    count = b"0" if yes else b"inf"
    request = urllib.request.Request(  # noqa: S310 - a loopback address of this test
        f"{aws}/moto-api/reset-auth", data=count, headers={"Content-Type": "text/plain"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        assert answer.status == 200


def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(TargetError, match="cannot be used"):
        open_target(str(tmp_path / "file")).write("a/b", b"x")


@pytest.mark.parametrize("url", [None, "", "ftp://host/x", "s3://", "file://host/x"])
def test_what_is_no_place_says_what_would_be(url: str | None) -> None:
    with pytest.raises(NotConfiguredError, match="ANCLORA_BACKUP_URL"):
        open_target(url)
