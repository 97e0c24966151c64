from anclora.storage.database import Database


async def test_fetches(db: Database) -> None:
    assert await db.fetch_one("SELECT %(x)s::int AS x", x=1) == {"x": 1}
    assert await db.fetch_all("SELECT name FROM accounts") == [{"name": "main"}]
