"""The versions of the embedded store: one file each, and a small pointer to the active one."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.index import EmbedderTag
from realtime_agents.knowledge.port import KnowledgeHealth, KnowledgeVersion
from realtime_agents.knowledge.schema import prepare_file
from realtime_agents.knowledge.sqlite_index import SqliteIndex, Threads
from realtime_agents.knowledge.version_names import FIRST, OLDER_KEPT, is_left_behind, made_at, new_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """The active version and what the pointer looked like when it was read."""

    index: SqliteIndex
    seen: tuple[int, int] | None


class SqliteStore:
    """`IndexStore` in files beside each other: ``knowledge.db``, ``knowledge.<version>.db``.

    ``knowledge.active.json`` names the active one and is replaced in one step; without it that is
    ``knowledge.db``. Readers look at it before each use, so another process's switch is followed.
    A version that was replaced stays open until `close`, for those who still read it.
    """

    implementation = "embedded"
    one_request = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointer = path.with_name(f"{path.stem}.active.json")
        self._threads = Threads()
        self._tag: EmbedderTag | None = None
        self._notice = ""
        self._opened: dict[tuple[str, EmbedderTag | None], SqliteIndex] = {}
        self._current: _Open | None = None

    @property
    def notice(self) -> str:
        return self._notice

    @property
    def misfit(self) -> str:
        return ""  # what does not fit is made to fit when it is opened

    async def open(self, tag: EmbedderTag | None) -> str:
        self._tag = tag
        self._current = None
        notice = await self._threads.read(lambda: prepare_file(self._file(self._pointed())))
        self._notice = notice or self._notice
        await (await self.active()).fit()
        return ""

    async def active(self) -> SqliteIndex:
        seen = self._look()
        if self._current is None or self._current.seen != seen:
            self._current = _Open(self._index(self._pointed()), seen)
        return self._current.index

    async def active_version(self) -> str:
        return (await self.active()).version

    async def source(self) -> SqliteIndex:
        return await self.active()

    async def begin(self) -> SqliteIndex:
        await self._drop_unfinished()
        version = new_name()
        await self._threads.write(lambda: prepare_file(self._file(version)))
        index = self._index(version)
        await index.fit()
        return index

    async def settled(self, version: str) -> None:
        """Nothing to do: what is written can be searched."""

    async def activate(self, version: str) -> None:
        if version != FIRST:
            await self._index(version).note("finished", "yes")
        await self._threads.write(lambda: self._point_at(version))
        older = [known.id for known in await self.versions() if known.id != version]
        for name in older[OLDER_KEPT:]:
            await self.drop(name)

    async def drop(self, version: str) -> None:
        """Its file goes; who still reads it can finish (not on Windows, where it stays)."""
        if version == self._pointed():
            return
        path = self._file(version)
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)

    async def versions(self) -> tuple[KnowledgeVersion, ...]:
        return await self._threads.read(self._versions)

    async def health(self) -> KnowledgeHealth:
        try:
            await (await self.active()).holdings()
        except KnowledgeError as error:
            return KnowledgeHealth(
                implementation=self.implementation, ok=False, detail=str(error), answers=False
            )
        return KnowledgeHealth(
            implementation=self.implementation, ok=True, detail=f"SQLite {sqlite3.sqlite_version}"
        )

    async def close(self) -> None:
        await self._threads.close()
        for index in self._opened.values():
            index.close()
        self._opened.clear()

    def _index(self, version: str) -> SqliteIndex:
        known = self._opened.get((version, self._tag))
        if known is None:
            known = SqliteIndex(self._file(version), version, self._threads, self._tag)
            self._opened[version, self._tag] = known
        return known

    def _file(self, version: str) -> Path:
        return self.path if version == FIRST else self.path.with_name(f"{self.path.stem}.{version}.db")

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._pointer)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _pointed(self) -> str:
        """The version that the pointer names; when it names none that is there, the newest there is."""
        try:
            version = str(json.loads(self._pointer.read_text())["active"])
            if version == FIRST or self._file(version).is_file():
                return version
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning(
                "The pointer to the active version cannot be read", extra={"path": str(self._pointer)}
            )
        return FIRST if self.path.is_file() else next(iter(self._names()), FIRST)

    def _point_at(self, version: str) -> None:
        partial = self._pointer.with_suffix(".partial")
        try:
            partial.write_text(json.dumps({"active": version}))
            os.replace(partial, self._pointer)
        except OSError as error:
            raise KnowledgeError(
                f"The version of the knowledge base cannot be switched: {error.strerror or error}."
            ) from error

    def _names(self) -> list[str]:
        """Versions that have a file, newest first."""
        before, after = f"{self.path.stem}.", ".db"
        found = (file.name for file in self.path.parent.glob(f"{self.path.stem}.*.db"))
        dated = [name[len(before) : -len(after)] for name in found]
        names = sorted((name for name in dated if made_at(name) is not None), reverse=True)
        return [*names, FIRST] if self.path.is_file() else names

    def _versions(self) -> tuple[KnowledgeVersion, ...]:
        active = self._pointed()
        described = (self._described(name, active) for name in self._names())
        return tuple(version for version in described if version is not None)

    def _described(self, name: str, active: str) -> KnowledgeVersion | None:
        """None for a version that is not finished."""
        database = Database(self._file(name))
        try:
            with database.read() as connection:
                if name not in (FIRST, active) and not rows.meta(connection, "finished"):
                    return None
                counts = list(rows.counts(connection).values())
                return KnowledgeVersion(
                    id=name,
                    active=name == active,
                    created=rows.meta(connection, "created"),
                    documents=sum(documents for documents, _ in counts),
                    passages=sum(passages for _, passages in counts),
                    embedder=rows.meta(connection, "embedder"),
                )
        finally:
            database.close()

    async def _drop_unfinished(self) -> None:
        finished = {version.id for version in await self.versions()}
        for name in self._names():
            if name not in finished and is_left_behind(name):
                await self.drop(name)
