"""The PostgreSQL that tests are given is a real one, and each test's database is its own."""

import asyncpg
import pytest

from tests.support.postgres import PostgresServer, run


async def count_tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        await connection.execute("CREATE TABLE candle (price numeric(30, 12))")
        await connection.execute("INSERT INTO candle VALUES (61000.000000000001)")
        return count
    finally:
        await connection.close()


@pytest.mark.parametrize("time", [1, 2])
async def test_each_test_has_an_empty_database(postgres_url: str, time: int) -> None:
    assert await count_tables(postgres_url) == 0


def test_a_dropped_database_is_gone(postgres_server: PostgresServer) -> None:
    name = postgres_server.create_database()
    postgres_server.drop_database(name)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        run(count_tables(postgres_server.url(name)))
