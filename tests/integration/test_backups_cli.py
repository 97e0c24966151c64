"""What a person types: a key, a backup, a look; and what the ledger remembers of it."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.journeys.up_process import anclora


@pytest.mark.timeout(120)
def test_a_backup_is_made_noted_and_listed(tmp_path: Path, database_url: str, redis_url: str) -> None:
    env = {
        "ANCLORA_BACKUP_URL": str(tmp_path / "kept"),
        "ANCLORA_BACKUP_KEY_FILE": str(tmp_path / "backup.key"),
        "ANCLORA_DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    refused = anclora("backup", "run", "--json", **env)
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["code"] == "backup_key_file"
    made_key = json.loads(anclora("backup", "key", "--json", **env).stdout)
    assert "abk_" not in json.dumps(made_key)
    made = anclora("backup", "run", "--kind", "redis", "--kind", "config", "--tier", "daily", "--json", **env)
    manifests = json.loads(made.stdout)["made"]
    assert [(each["tier"], each["key_id"]) for each in manifests] == [("daily", made_key["in_use"])] * 2
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select name from backups where failed is null").fetchall()
    assert {row[0] for row in rows} == {each["name"] for each in manifests}
    (tmp_path / "kept" / manifests[0]["data"]).unlink()
    listed = anclora("backup", "list", **env)
    assert (listed.returncode, "its bytes are gone" in listed.stdout) == (1, True)


def test_without_a_target_it_says_what_to_set() -> None:
    done = anclora("backup", "list")
    assert done.returncode == 1
    assert "Backups are not configured. Set ANCLORA_BACKUP_URL" in done.stderr
