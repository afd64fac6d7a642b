"""Uploaded files that wait to be read, a folder for each upload. Blocking.

A small file beside the folder says what is to be done with it. Both are there until the files were
read, so a server that was ended meanwhile goes on with them when it starts again.
"""

from __future__ import annotations

import json
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""An upload that was begun so often and never ended may be what ends the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Files in a folder of their own."""

    folder: Path
    label: str
    """For people: ``3 files``."""
    collection: str


def keep(upload: Upload, tries: int = 0) -> None:
    """The folder is complete: from now on it survives a restart. Raises `OSError`."""
    order = {"label": upload.label, "collection": upload.collection, "tries": tries}
    partial = upload.folder.with_suffix(".partial")
    partial.write_text(json.dumps(order))
    partial.replace(_order(upload.folder))


def remove(folder: Path) -> None:
    """Its files were read, or are not wanted."""
    _order(folder).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def left_in(root: Path) -> list[Upload]:
    """Uploads that were not read to their end, oldest first. What else lies there is removed."""
    found: list[Upload] = []
    with suppress(OSError):
        for folder in sorted((one for one in root.iterdir() if one.is_dir()), key=_age):
            upload = _left(folder)
            if upload is not None:
                found.append(upload)
            else:
                remove(folder)
        complete = {_order(one.folder) for one in found}
        for file in root.iterdir():
            if file.is_file() and file not in complete:
                file.unlink(missing_ok=True)
    return found


def _left(folder: Path) -> Upload | None:
    try:
        order = json.loads(_order(folder).read_text())
        upload = Upload(folder=folder, label=str(order["label"]), collection=str(order["collection"]))
        tries = int(order["tries"]) + 1
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was not sent to its end
    if tries >= MAX_TRIES:
        log.warning("an upload was begun several times and never ended; it was dropped")
        return None
    with suppress(OSError):  # on a full disk it is not counted, and still read
        keep(upload, tries)
    return upload


def _order(folder: Path) -> Path:
    return folder.with_suffix(".json")


def _age(folder: Path) -> float:
    return folder.stat().st_mtime
