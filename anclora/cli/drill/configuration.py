"""The configuration is gone: nothing starts, until its backup is restored and the secrets come from the vault."""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from anclora.cli.drill.kept import Bucket, until_going
from anclora.cli.drill.scene import Scene, need
from anclora.cli.home import Home

_FIRST = 0.4
_STOP_SECONDS = 120.0
_OURS = ("ANCLORA_", "EVOLUTION_", "DATABASE_URL", "REDIS_URL")


class Told(msgspec.Struct, frozen=True):
    """What a backup of the configuration says."""

    settings: dict[str, bool | int | float | str]
    secrets: list[str]


async def configuration(scene: Scene) -> float | None:
    """Lose every setting and secret of the environment, and start again from the backup and the vault."""
    stage = scene.stage
    bucket = Bucket(scene, "config")
    await scene.open()
    for number in (1, 2):
        await scene.dispatcher(number)
    await stage.run("backup", "run", "--kind", "config")
    number = await scene.accept(int(scene.total * _FIRST))
    scene.note(f"{number:,} messages were accepted; the configuration is backed up.")
    vault = dict(stage.home.env)  # where people keep the secrets; no backup has them
    began = time.monotonic()
    await stage.stop_all(timeout_seconds=_STOP_SECONDS)
    bare = {name: value for name, value in vault.items() if not name.startswith(_OURS)}
    stage.home = Home(data_dir=stage.data_dir, env=bare | {"ANCLORA_ENV_FILE": ""})
    lost = await stage.spawn("api-lost", "serve", "--role", "api", "--port", stage.url.rpartition(":")[2])
    async with asyncio.timeout(_STOP_SECONDS):
        need(await lost.wait() != 0, "the product started without its configuration.")
    scene.note("Every setting and secret is gone; the product refuses to start.")
    stage.home = Home(data_dir=stage.data_dir, env={**stage.home.env, **bucket.env})
    file = stage.data_dir / "configuration.json"
    await stage.run("backup", "restore", "config", "--into", str(file))
    text = await asyncio.to_thread(file.read_text)
    told = msgspec.json.decode(text, type=Told)
    scene.wrong += _wrong(told, text, vault)
    secrets = {name: vault[name] for name in told.secrets if name in vault}
    settings = {name: str(value) for name, value in told.settings.items()}
    stage.home = Home(data_dir=stage.data_dir, env={**stage.home.env, **settings, **secrets, "API_KEY": stage.key})
    scene.note(f"{len(settings)} settings are restored; {len(secrets)} secrets, only named there, come from the vault.")
    return await until_going(scene, began)


def _wrong(told: Told, text: str, vault: Mapping[str, str]) -> list[str]:
    """What the restored words should not say, or should."""
    wrong = [f"The backup holds the value of {name}." for name in told.secrets if vault.get(name, "\0") in text]
    missing = {
        name for name in vault if name.startswith(_OURS) and name not in told.settings and name not in told.secrets
    }
    if gone := sorted(missing & {"DATABASE_URL", "REDIS_URL", "EVOLUTION_API_KEY", "ANCLORA_PUBLIC_URL"}):
        wrong.append(f"The backup does not name {', '.join(gone)}.")
    return wrong
