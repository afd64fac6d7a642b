"""Files and folders as a source of documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import IO

from realtime_agents.knowledge.extract import READER_VERSION, DocumentFailure, Found, read_file
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.intake import BATCH_DOCUMENTS
from realtime_agents.knowledge.ledger import Entry, SourceKey, SourceKind
from realtime_agents.knowledge.passages import CUT_VERSION
from realtime_agents.knowledge.supply import AsBefore, Failed, Memory, Settled, Step, next_steps


def read_documents(path: Path, collection: str, extractor: Extractor | None = None) -> Iterator[Found]:
    """Documents of a file, or of all files under a folder, in order of name.

    In a folder hidden files, symbolic links and ``README`` files (which are about the folder)
    are passed over. Reads as it goes: a large file is never in memory as a whole.
    """
    if not path.exists():
        yield DocumentFailure(name=str(path), reason="there is no such file or folder")
        return
    reader = extractor or Extractor()
    try:
        for file, name in files_of(path):
            yield from read_file(file, name, collection, reader)
    finally:
        if extractor is None:
            reader.close()


def files_of(path: Path, *, readme: bool = False) -> list[tuple[Path, str]]:
    """The files that `read_documents` reads, with their names as people know them. ``readme``: those too."""
    if not path.is_dir():
        return [(path, path.name)]
    found: list[tuple[Path, str]] = []
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        about = inside.name.split(".")[0].upper() == "README"
        if file.is_file() and not hidden and (readme or not about) and not _is_link(file, path):
            found.append((file, inside.as_posix()))
    return found


class FileSupply:
    """A file, or a folder with all that is under it. Each file is an entry."""

    resumes = False
    batch_documents = BATCH_DOCUMENTS

    def __init__(
        self,
        path: Path,
        collection: str,
        extractor: Extractor,
        *,
        kind: SourceKind = "files",
        location: str = "",
    ) -> None:
        """``kind`` and ``location`` for files that only pass through here, such as uploads."""
        self.key = SourceKey(kind=kind, location=location or str(path.absolute()), collection=collection)
        self.forgets_unseen = kind == "files"
        self._path = path
        self._extractor = extractor
        self._size = 0
        self._read = 0
        """Bytes of the files that are done, and of the one that is being read."""
        self._inside = 0
        self._raw: IO[bytes] | None = None
        self._doing = ""

    @property
    def fraction(self) -> float | None:
        """By the size of the files."""
        return min((self._read + self._inside) / self._size, 1.0) if self._size else None

    @property
    def doing(self) -> str:
        return self._doing

    async def batches(self, memory: Memory) -> AsyncGenerator[list[Step]]:
        """See `Supply`. Files are read in threads, a batch at a time."""
        if not self._path.exists():
            failure = DocumentFailure(name=str(self._path), reason="there is no such file or folder")
            yield [Failed(entry="", failure=failure)]
            return
        files = await asyncio.to_thread(self._files)
        self._size = sum(size for _, _, size in files)
        for file, name, size in files:
            self._doing = name
            async with aclosing(self._file(file, name, memory)) as read:
                async for steps in read:
                    yield steps
            self._read, self._inside, self._raw = self._read + size, 0, None

    async def _file(self, file: Path, name: str, memory: Memory) -> AsyncGenerator[list[Step]]:
        mark = await asyncio.to_thread(_mark, file)
        known = await memory.entry(name)
        if known is not None and await self._is_as_before(known, mark, memory):
            yield [AsBefore(entry=known)]
            return
        found = read_file(file, name, self.key.collection, self._extractor, self._opened)
        while steps := await asyncio.to_thread(self._next_steps, name, found):
            yield steps
        yield [Settled(entry=Entry(name=name, mark=mark))]

    def _files(self) -> list[tuple[Path, str, int]]:
        found = files_of(self._path, readme=self.key.kind == "upload")
        return [(file, name, _size(file)) for file, name in found]

    def _opened(self, raw: IO[bytes]) -> None:
        self._raw = raw

    def _next_steps(self, name: str, found: Iterator[Found]) -> list[Step]:
        steps = next_steps(name, name, found)
        if self._raw is not None and not self._raw.closed:
            self._inside = self._raw.tell()
        return steps

    @staticmethod
    async def _is_as_before(known: Entry, mark: str, memory: Memory) -> bool:
        return bool(mark) and known.whole and known.mark == mark and await memory.stands(known)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _mark(file: Path) -> str:
    """Changes when the file was written; empty when that cannot be told."""
    try:
        stat = file.stat()
    except OSError:
        return ""
    return f"{READER_VERSION}.{CUT_VERSION}:{stat.st_size}:{stat.st_mtime_ns}"


def _is_link(file: Path, root: Path) -> bool:
    """True when the file or a folder on the way to it is a symbolic link: it could lead anywhere."""
    return any(part.is_symlink() for part in (file, *file.parents) if part != root and root in part.parents)
