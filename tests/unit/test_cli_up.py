"""Which servers a later `up` starts again, and which it was given and keeps."""

from pathlib import Path

import pytest

from anclora.cli import up
from anclora.cli.client import read_env
from anclora.cli.up import own_settings, read_own, write_env
from anclora.kit.settings import Settings, load_settings

OURS = {
    "DATABASE_URL": "postgresql://anclora:secret@127.0.0.1:40001/anclora",
    "REDIS_URL": "redis://:hidden@127.0.0.1:40002/0",
    "EVOLUTION_API_URL": "http://127.0.0.1:40003",
    "EVOLUTION_API_KEY": "abc",
}


def settings(values: dict[str, str]) -> Settings:
    return Settings().model_copy(update={name.lower(): value for name, value in values.items()})


def kept(values: dict[str, str], own: list[str]) -> dict[str, str | None]:
    found = own_settings(settings(values), OURS, own)
    return {name: getattr(found, name.lower()) for name in OURS}


def test_its_own_servers_are_started_again_whatever_their_ports_were() -> None:
    older = {name: value.replace(":4000", ":5000") for name, value in OURS.items()}
    for loaded in (OURS, older):
        assert kept(loaded, list(OURS)) == dict.fromkeys(OURS)


def test_servers_that_were_given_stay_given_when_they_are_given_again() -> None:
    assert kept(OURS, []) == OURS
    assert kept(OURS, ["DATABASE_URL"]) == OURS | {"DATABASE_URL": None}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("DATABASE_URL", "postgresql://anclora:other@127.0.0.1:40001/anclora"),
        ("DATABASE_URL", "postgresql://127.0.0.1:40001/anclora"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0"),
    ],
)
def test_another_server_is_used_although_it_was_our_own_before(name: str, other: str) -> None:
    assert kept({name: other}, list(OURS))[name] == other


def test_a_real_server_on_this_machine_is_not_taken_for_the_sandbox() -> None:
    real = {"EVOLUTION_API_URL": "http://127.0.0.1:8080", "EVOLUTION_API_KEY": "real"}
    assert {name: kept(real, list(OURS))[name] for name in real} == real


def test_the_env_file_says_whose_servers_they_are(tmp_path: Path) -> None:
    assert read_own(tmp_path) == []
    write_env(tmp_path, OURS, ["DATABASE_URL", "REDIS_URL"])
    assert read_env(tmp_path) == OURS
    assert read_own(tmp_path) == ["DATABASE_URL", "REDIS_URL"]
    write_env(tmp_path, OURS, [])
    assert read_own(tmp_path) == []


def test_only_where_nobodys_phone_is_at_the_other_end_there_is_no_pace() -> None:
    alone = up._env(load_settings(), {})
    assert alone["ANCLORA_DEFAULT_PACING"] == "sandbox"
    reals: tuple[dict[str, str], ...] = ({"cloud_token": "t"}, {"evolution_api_url": "http://127.0.0.1:1"})
    for real in reals:
        assert "ANCLORA_DEFAULT_PACING" not in up._env(load_settings(**real), {})
