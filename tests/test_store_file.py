"""The file of the store: its durability, its faults, and files that are none of ours."""

import sqlite3

import pytest
from store_jobs import add, count, opened, run

from sandbox.core.errors import SchemaError, StoreError
from sandbox.core.store.database import Database
from sandbox.core.store.schema import migrations


def test_a_full_disk_refuses_and_recovers(tmp_path):
    """SQLite's page limit stands for the disk: SQLITE_FULL is what a full disk gives."""

    async def story():
        async with opened(tmp_path / "store.db") as database:
            pages = await database.write(lambda t: t.execute("PRAGMA page_count").fetchone()[0])
            await database.write(lambda t: t.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
            blob = lambda t: t.execute("INSERT INTO accounts VALUES (hex(zeroblob(500000)), 1, 0, 0)")  # noqa: E731
            with pytest.raises(StoreError, match="full"):
                await database.write(blob)
            await database.write(add("small"))
            await database.write(lambda t: t.execute("PRAGMA max_page_count = 1000000").fetchone())
            return await database.read(count)

    assert run(story()) == 1


def test_a_store_deleted_beneath_the_sandbox_is_noticed(tmp_path):
    async def story():
        async with opened(tmp_path / "store.db") as database:
            (tmp_path / "store.db").rename(tmp_path / "elsewhere.db")
            with pytest.raises(StoreError, match="could not be written"):
                await database.write(add("lost"))
            (tmp_path / "store.db").touch()
            with pytest.raises(StoreError, match="replaced"):
                await database.write(add("lost"))

    run(story())


def test_the_first_read_of_a_store_that_is_gone_is_a_store_error(tmp_path):
    async def story():
        async with opened(tmp_path / "store.db") as database:
            (tmp_path / "store.db").rename(tmp_path / "elsewhere.db")
            with pytest.raises(StoreError, match="could not be read"):
                await database.read(count)

    run(story())


def test_the_file_is_written_with_full_durability(tmp_path):
    async def story():
        async with opened(tmp_path / "store.db") as database:
            return await database.write(
                lambda t: (
                    t.execute("PRAGMA journal_mode").fetchone()[0],
                    t.execute("PRAGMA synchronous").fetchone()[0],
                )
            )

    assert run(story()) == ("wal", 2)


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    run(_open_and_close(path))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999999")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=r"newer version \(schema 999999, this one knows \d+\): upgrade"):
        Database(path)
    assert path.read_bytes() == before


async def _open_and_close(path):
    async with opened(path):
        pass


def test_an_older_schema_is_brought_up_to_date(tmp_path):
    path = tmp_path / "store.db"
    sqlite3.connect(path).close()
    run(_open_and_close(path))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations()[-1][0]
    connection.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"this is not a database at all" * 40, "not a usable store"), (None, "another program")],
)
def test_foreign_files_are_refused_and_left_alone(tmp_path, content, complaint):
    path = tmp_path / "store.db"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (a)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=complaint):
        Database(path)
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(StoreError, match="is the folder writable"):
        Database(tmp_path / "missing" / "store.db")
