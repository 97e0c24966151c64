"""The configuration in a backup: names of secrets, and not one value of them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from anclora.backups.configuration import document, is_secret, prints_of
from anclora.kit.settings import Settings, env_name, load_settings

MARK = "s3cr3t-value"
SECRETS = {
    "database_url": f"postgresql://anclora:{MARK}@db.example.com/anclora",
    "redis_url": f"redis://:{MARK}@redis.example.com/0",
    "evolution_database_url": f"postgresql://evo:{MARK}@db.example.com/evolution?schema=public",
    "evolution_api_key": MARK,
    "cloud_token": MARK,
    "cloud_app_secret": MARK,
    "slack_bot_token": MARK,
    "slack_webhook_url": f"https://hooks.slack.com/services/{MARK}",
    "smtp_password": MARK,
    "twilio_auth_token": MARK,
    "heartbeat_url": f"https://hc.example.com/{MARK}",
    "sentry_dsn": f"https://{MARK}@sentry.example.com/1",
    "public_url": f"https://user:{MARK}@wa.example.com",
}


def test_no_value_of_a_secret_is_in_it_and_every_name_is() -> None:
    settings = load_settings(**SECRETS, data_dir=Path("/srv/anclora"), currency="usd")
    data = document(settings, {"AWS_SECRET_ACCESS_KEY": MARK, "HOME": "/root"})
    assert MARK.encode() not in data
    words: Any = msgspec.json.decode(data)
    assert set(words["secrets"]) == {env_name(name) for name in SECRETS}
    assert words["settings"] == {"ANCLORA_DATA_DIR": "/srv/anclora", "ANCLORA_CURRENCY": "USD"}
    assert words["others_set"] == ["AWS_SECRET_ACCESS_KEY"]
    assert prints_of(data)["secrets"].rows == len(SECRETS)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_whatever_sounds_like_a_secret_is_one(name: str) -> None:
    words = ("key", "token", "secret", "password", "dsn")
    sounds = name.rpartition("_")[2] in words
    assert not sounds or is_secret(name, "x")
