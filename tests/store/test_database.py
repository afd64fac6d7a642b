"""What happens when the history database cannot be used: damaged, locked, read-only, full, foreign."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from realtime_agents.errors import StoreError
from realtime_agents.session.view import Turn
from realtime_agents.store import sqlite
from realtime_agents.store.database import Database, parse_url
from realtime_agents.store.history import HistoryStore
from realtime_agents.store.models import Conversation
from realtime_agents.store.records import ConversationHeader


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}")
    database.open()
    yield database
    database.close()


def add_conversation(session: Session, name: str = "conv_1") -> None:
    session.add(Conversation(id=name, scenario="benefits", agent="va", started_at=1.0, updated_at=1.0))


def test_a_file_that_is_not_a_database_is_set_aside_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"this is not a database at all" * 100)

    with opened(path) as database:
        database.run(add_conversation, write=True)
        kept = list(tmp_path.glob("history.db.corrupt-*"))

    assert [k.read_bytes()[:12] for k in kept] == [b"this is not "]
    assert kept[0].name in database.notice
    assert "damaged" in database.notice


def test_a_database_with_broken_pages_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with opened(path) as database:
        for n in range(200):
            database.run(lambda s, n=n: add_conversation(s, f"conv_{n}" * 40), write=True)  # type: ignore[misc]
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(bytes(content))

    with opened(path) as database:
        assert database.run(lambda s: s.exec(select(Conversation)).all(), write=False) == []
        assert database.notice


def test_two_damaged_files_in_one_second_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    for content in ("one", "two"):
        path.write_text(content)
        sqlite.set_aside(path)

    assert sorted(p.read_text() for p in tmp_path.iterdir()) == ["one", "two"]


def test_a_healthy_database_gives_no_notice_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "history.db"
    with opened(path) as database:
        database.run(add_conversation, write=True)
    with opened(path) as database:
        assert len(database.run(lambda s: s.exec(select(Conversation)).all(), write=False)) == 1
        assert database.notice == ""


def test_the_file_is_in_wal_mode_with_foreign_keys_and_a_busy_timeout(tmp_path: Path) -> None:
    with opened(tmp_path / "history.db") as database:
        values = [
            database.run(lambda s, p=pragma: s.execute(text(f"PRAGMA {p}")).scalar_one(), write=False)  # type: ignore[misc]
            for pragma in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 1, sqlite.BUSY_TIMEOUT_MS]


def test_a_locked_database_is_a_store_error_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1)
    path = tmp_path / "history.db"
    with opened(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"history\.db is in use by another program"):
            database.run(add_conversation, write=True)
        assert database.run(lambda s: s.exec(select(Conversation)).all(), write=False) == []
        other.execute("ROLLBACK")
        database.run(add_conversation, write=True)


def test_a_transaction_that_will_write_asks_for_the_lock_before_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1)
    path = tmp_path / "history.db"
    with opened(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use"):
            database.run(lambda s: s.exec(select(Conversation)).all(), write=True)


def test_a_database_that_is_locked_while_opening_is_not_taken_for_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1)
    path = tmp_path / "history.db"
    with opened(path) as database:
        database.run(add_conversation, write=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use"):
            Database(f"sqlite:///{path}").open()
    assert list(tmp_path.glob("*.corrupt-*")) == []
    with opened(path) as database:
        assert len(database.run(lambda s: s.exec(select(Conversation)).all(), write=False)) == 1


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("query_only = 1", "make the file and its folder writable"), ("max_page_count = 1", "disk is full")],
)
def test_read_only_and_full_disks_are_store_errors_in_plain_words(
    tmp_path: Path, pragma: str, words: str
) -> None:
    with opened(tmp_path / "history.db") as database:
        database.run(lambda s: s.execute(text(f"PRAGMA {pragma}")), write=False)
        with pytest.raises(StoreError, match=words):
            for n in range(100):
                database.run(lambda s, n=n: add_conversation(s, f"c{n}" * 500), write=True)  # type: ignore[misc]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="file"):
        Database(f"sqlite:///{tmp_path / 'file' / 'history.db'}").open()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with opened(path) as database:
        database.run(lambda s: s.execute(text("UPDATE alembic_version SET version_num = '9999'")), write=True)
    with pytest.raises(StoreError, match="newer version"):
        Database(f"sqlite:///{path}").open()
    assert [p.name for p in tmp_path.glob("*.corrupt-*")] == []


@pytest.mark.parametrize("url", ["nonsense", "mystery://host/name", "sqlite:relative"])
def test_a_url_that_names_no_database_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///path"):
        parse_url(url)


def test_a_missing_driver_is_named_with_the_way_to_install_it() -> None:
    with pytest.raises(StoreError, match="pip install"):
        parse_url("mysql+aiomysql://user:secret@host/name")


def test_passwords_and_what_was_said_stay_out_of_errors(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'history.db'}")
    database.open()
    try:
        with pytest.raises(StoreError) as caught:
            database.run(
                lambda s: s.execute(
                    text("INSERT INTO item (text) VALUES (:t)"), {"t": "my number is 123-45-6789"}
                ),
                write=True,
            )
        assert "123-45" not in str(caught.value)
        assert "123-45" not in str(caught.value.__cause__)
    finally:
        database.close()


async def test_a_failed_open_leaves_the_store_closed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = HistoryStore(f"sqlite:///{tmp_path / 'file' / 'history.db'}")
    with pytest.raises(StoreError):
        await store.open()
    with pytest.raises(StoreError, match="not open"):
        await store.save_turn("c", Turn(id="t", role="user", status="completed"))


async def test_two_programs_may_open_the_same_new_database_and_both_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    stores = [HistoryStore(url), HistoryStore(url)]
    for n, store in enumerate(stores):
        await store.open()
        await store.save_conversation(ConversationHeader(id=f"c{n}", scenario="s", agent="a", started_at=1.0))
    assert {c.id for c in await stores[0].list_conversations()} == {"c0", "c1"}
    for store in stores:
        await store.close()
