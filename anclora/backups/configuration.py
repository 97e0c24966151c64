"""The configuration as a source: what is set, and of secrets only that they are. No value of a secret is ever in it."""

import os
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from anclora.backups.model import Captured, Print
from anclora.kit.settings import Settings, env_name

# Addresses that carry passwords, and keys that are not marked as such elsewhere.
_SECRET = frozenset(("database_url", "redis_url", "evolution_api_key"))
_WORDS = ("_key", "_token", "_secret", "_password")
_WITH_LOGIN = re.compile(r"://[^/\s]*@")
_OTHERS = ("AWS_", "OTEL_", "PROMETHEUS_")


def document(settings: Settings, environment: Mapping[str, str] = os.environ) -> bytes:
    """What a new installation needs to be told, as JSON: `settings` with values, `secrets` by name only."""
    values: dict[str, object] = {}
    secrets: list[str] = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is None or value == field.default:
            continue
        if is_secret(name, value):
            secrets.append(env_name(name))
        else:
            values[env_name(name)] = value if isinstance(value, bool | int | float) else str(value)
    others = sorted(name for name in environment if name.startswith(_OTHERS))
    words = {"settings": values, "secrets": sorted(secrets), "others_set": others}
    return msgspec.json.format(msgspec.json.encode(words), indent=2) + b"\n"


def is_secret(name: str, value: object) -> bool:
    """Whether nobody may read the value of a setting from a backup."""
    return (
        Settings.model_fields[name].repr is False
        or name in _SECRET
        or name.endswith(_WORDS)
        or (isinstance(value, str) and _WITH_LOGIN.search(value) is not None)
    )


def captured(data: bytes, now: datetime) -> Captured:
    """What is said of it; its fingerprint is how much was set."""
    return Captured(made_at=now, unpacked_bytes=len(data), prints=prints_of(data))


def prints_of(data: bytes) -> dict[str, Print]:
    """The fingerprints of a document: how many settings and secrets it names.

    Raises:
        ValueError: it is none.
    """
    words = msgspec.json.decode(data, type=dict[str, list[str] | dict[str, bool | int | float | str]])
    return {name: Print(rows=len(its), hash="") for name, its in words.items()}
