"""Talks that go on while the program learns of conversations are known afterwards."""

from datetime import UTC, datetime, timedelta

import psycopg
from alembic import command
from api_harness import HandClock
from psycopg import sql

from anclora.conversations import ConversationFollower, read
from anclora.kit.ids import id_at, new_id
from anclora.kit.settings import load_settings
from anclora.storage import migrate as migrations
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import EmbeddedServers
from anclora.storage.partitions import ensure_partitions

BEFORE = "0014_hooks"
NOW = datetime.now(UTC)


async def test_what_was_said_in_the_last_days_is_counted(servers: EmbeddedServers) -> None:
    name = f"upgrade_{new_id().hex}"
    url = f"{servers.database_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(servers.database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with migrations._connected(url) as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.commit()
    with psycopg.connect(url) as ledger:
        for days, direction in ((0, "in"), (0, "phone"), (30, "in")):
            contact_id, at = new_id(), NOW - timedelta(days=days, hours=1)
            ledger.execute("insert into contacts (id) values (%s)", [contact_id])
            ledger.execute(
                "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind)"
                " values ('sales', %s, %s, %s, %s, %s, '346', 'text')",
                [str(contact_id), id_at(at), contact_id, direction, at],
            )
    assert migrations.migrate(url)[0].startswith("0015")
    db = Database(await open_pool(url))
    try:
        async with db.transaction() as conn:
            await ensure_partitions(conn, NOW)
        await ConversationFollower(db, load_settings(), HandClock()).run_once()
        [one] = await read.find(db)
        assert one.opened_at == NOW - timedelta(hours=1)
    finally:
        await db.close()
