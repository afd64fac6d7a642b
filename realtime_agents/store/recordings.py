"""Where recordings of conversations lie: one WAV file per conversation, in one folder."""

from __future__ import annotations

import re
from pathlib import Path

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class RecordingFiles:
    """Names, finds and deletes recordings. Blocking, and quick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, conversation_id: str) -> Path:
        """Where the recording of a conversation belongs. Raises `ValueError` for what is no id."""
        if not _ID.fullmatch(conversation_id):
            raise ValueError("expected the id of a conversation")
        return self.folder / f"{conversation_id}.wav"

    def find(self, conversation_id: str) -> Path | None:
        """The recording; None when there is none."""
        try:
            path = self.path(conversation_id)
        except ValueError:
            return None
        return path if path.is_file() else None

    def delete(self, conversation_id: str) -> None:
        """Remove the recording; nothing happens when there is none. Raises `OSError`."""
        path = self.find(conversation_id)
        if path is not None:
            path.unlink(missing_ok=True)
