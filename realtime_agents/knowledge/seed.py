"""Keeps a scenario's own pages in the knowledge base: adds, updates and removes them as files change."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.extract import READER_VERSION
from realtime_agents.knowledge.files import read_documents
from realtime_agents.knowledge.passages import CUT_VERSION
from realtime_agents.knowledge.port import Document, IngestReport, KnowledgeBase

log = logging.getLogger(__name__)


class KnowledgeSeed:
    """The pages under ``agent_configs/*/knowledge`` and what of them is in the store.

    ``state_path`` is a small JSON file beside the store: a fingerprint of the files, the version
    they were brought into, the ids that came from them and those that once did, so that a start with
    nothing changed reads no page at all, and an older version that is used again is brought up to date.
    """

    def __init__(self, agents_dir: Path, state_path: Path) -> None:
        self._agents_dir = agents_dir
        self._state_path = state_path

    @property
    def was_applied(self) -> bool:
        """False before the first `apply` that finished."""
        return self._state_path.is_file()

    async def apply(self, knowledge: KnowledgeBase) -> IngestReport | None:
        """Bring the store up to date; returns ``None`` when nothing had changed.

        Raises `KnowledgeError` when the store, or the file beside it, cannot be written.
        """
        fingerprint = await asyncio.to_thread(self._fingerprint)
        version = await knowledge.active_version()
        state = await asyncio.to_thread(self._read_state)
        known = set(state.get("ids", ()))
        same = state.get("fingerprint") == fingerprint and state.get("version") == version
        if same and await self._is_present(knowledge, known):
            return None
        documents, failures = await asyncio.to_thread(self._read_pages)
        report = await knowledge.upsert(documents)
        ids = {d.id for d in documents}
        gone = (known | set(state.get("gone", ()))) - ids
        # What went longer ago can only be in a version that was made before: elsewhere the name may be taken.
        if stale := (known - ids if state.get("version") == version else gone):
            await knowledge.delete(sorted(stale))
        now = {"fingerprint": fingerprint, "version": version, "ids": sorted(ids), "gone": sorted(gone)}
        await asyncio.to_thread(self._write_state, now)
        for name, reason in failures:
            log.warning("a knowledge page was skipped", extra={"page": name, "reason": reason})
        return IngestReport(
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            failed=report.failed + failures,
            passages=report.passages,
        )

    @staticmethod
    async def _is_present(knowledge: KnowledgeBase, ids: set[str]) -> bool:
        """One probe is enough: the store was replaced as a whole, or it was not."""
        return bool(ids) and await knowledge.document(min(ids)) is not None

    def _folders(self) -> list[Path]:
        return sorted(p for p in self._agents_dir.glob("*/knowledge") if p.is_dir())

    def _fingerprint(self) -> str:
        # Files are read again, too, when the rules of reading and cutting them have changed.
        digest = hashlib.sha256(f"{READER_VERSION} {CUT_VERSION}\n".encode())
        for folder in self._folders():
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    stat = path.stat()
                    digest.update(
                        f"{path.relative_to(self._agents_dir)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode()
                    )
        return digest.hexdigest()

    def _read_pages(self) -> tuple[list[Document], tuple[tuple[str, str], ...]]:
        documents: list[Document] = []
        failures: list[tuple[str, str]] = []
        for folder in self._folders():
            for found in read_documents(folder, collection=folder.parent.name):
                if isinstance(found, Document):
                    documents.append(found)
                else:
                    failures.append((found.name, found.reason))
        return documents, tuple(failures)

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self._state_path.read_text())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _write_state(self, state: dict[str, Any]) -> None:
        partial = self._state_path.with_suffix(".partial")
        try:
            self._state_path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(state))
            partial.replace(self._state_path)
        except OSError as error:
            raise KnowledgeError(
                f"{self._state_path} cannot be written: {error.strerror or error}."
            ) from error
