"""``POST /api/knowledge/upload?collection=NAME``: files for the knowledge base, as one multipart form.

The form's ``file`` parts are kept in a folder of their own until they are read, also over a restart. Limits hold
whatever the request says of itself: its bytes are counted as they come. Answers 202 with the id of
the job that reads them, else a status and ``{"error": words}``.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive

from realtime_agents import runtime
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.collections import collection_problem
from realtime_agents.knowledge.uploads import Upload, keep, remove

MAX_FILES = 50
MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_REQUEST_BYTES = 200 * 1024 * 1024
MAX_NAME_CHARS = 120


async def upload(request: Request) -> JSONResponse:
    """See the module. Origin and Host were checked before."""
    current = runtime.find_runtime()
    if current is None:
        return _refused(503, "The app is still starting; try again in a moment.")
    collection = request.query_params.get("collection", "")
    if problem := collection_problem(collection):
        return _refused(422, problem)
    folder = current.settings.data_dir / "uploads" / uuid.uuid4().hex
    try:
        names = await _received(request, folder)
        upload = Upload(folder=folder, label=_label(names), collection=collection)
        await asyncio.to_thread(keep, upload)
        job = current.ingests.add_upload(upload)
    except _TooLarge:
        await _remove(folder)
        return _refused(413, f"Too much at once: {MAX_REQUEST_BYTES // 2**20} MB at most.")
    except ClientDisconnect:
        await _remove(folder)
        return _refused(400, "The upload was interrupted.")
    except HTTPException as error:
        await _remove(folder)
        return _refused(error.status_code, f"The upload cannot be read: {error.detail}.")
    except _Unusable as error:
        await _remove(folder)
        return _refused(422, str(error))
    except OSError as error:
        await _remove(folder)
        return _refused(507, f"The upload cannot be kept: {error.strerror or error}.")
    except KnowledgeError as error:
        return _refused(409, str(error))
    return JSONResponse({"job": job, "files": len(names)}, status_code=202)


class _TooLarge(Exception):
    """The request has more bytes than are taken."""


class _Unusable(Exception):
    """Nothing in the form can be read; the text says why."""


async def _received(request: Request, folder: Path) -> list[str]:
    """Put the form's files into ``folder``; returns their names."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > MAX_REQUEST_BYTES:
        raise _TooLarge
    counted = Request(request.scope, _counting(request.receive))
    async with counted.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
        files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
        given = [safe_name(part.filename or "") for part in files]
        _check(files, given)
        names = _distinct(given)
        await asyncio.to_thread(folder.mkdir, parents=True)
        for part, name in zip(files, names, strict=True):
            await asyncio.to_thread(_keep, part, folder / name)
    return names


def _label(names: Sequence[str]) -> str:
    """``a.pdf``, ``a.pdf and 3 more files``."""
    more = len(names) - 1
    return names[0] if not more else f"{names[0]} and {more} more file{'' if more == 1 else 's'}"


def _counting(receive: Receive) -> Receive:
    """Passes the request on until it has sent too much."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_REQUEST_BYTES:
            raise _TooLarge
        return message

    return counted


def safe_name(name: str) -> str:
    """The last part of a name that a browser gave, without anything that means something to a file system."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.()\[\] -]", "_", last).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    return f"{stem[: MAX_NAME_CHARS - len(suffix) - 1]}{dot}{suffix}"[-MAX_NAME_CHARS:]


def _check(files: Sequence[UploadFile], names: Sequence[str]) -> None:
    """Raises `_Unusable`. Whether a file can be read is told for each when it is read."""
    if not files:
        raise _Unusable("The upload holds no file.")
    for part, name in zip(files, names, strict=True):
        shown = (part.filename or "a file without a name")[:MAX_NAME_CHARS]
        if not name:
            raise _Unusable(f"{shown}: it needs a proper name.")
        if (part.size or 0) > MAX_FILE_BYTES:
            raise _Unusable(f"{shown}: it is larger than {MAX_FILE_BYTES // 2**20} MB.")


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that differ, also where a file system sees no difference between small and capital letters."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        stem, dot, suffixes = name.partition(".")
        number, one = 1, name
        while one.lower() in taken:
            number += 1
            one = f"{stem}-{number}{dot}{suffixes}"
        taken.add(one.lower())
        found.append(one)
    return found


def _keep(part: UploadFile, path: Path) -> None:
    with path.open("xb") as out:
        shutil.copyfileobj(part.file, out)


async def _remove(folder: Path) -> None:
    await asyncio.to_thread(remove, folder)


def _refused(status: int, words: str) -> JSONResponse:
    return JSONResponse({"error": words}, status_code=status)
