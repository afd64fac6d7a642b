"""Read documents from files: JSON lines, Markdown, HTML and plain text, each also gzipped.

Nothing in a file can stop the others: what cannot be read becomes a `DocumentFailure`. Text
stays text; nothing is executed, fetched or rendered.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import IO, Any

import yaml

from realtime_agents.knowledge.blocks import parse_blocks
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.webpage import read_page

MAX_FILE_BYTES = 8 * 1024 * 1024
"""Size of one page (Markdown, HTML, text), unpacked."""
MAX_LINE_BYTES = 8 * 1024 * 1024
"""Size of one record of a JSON lines file; such a file may have any number of them."""
SUFFIXES = {
    ".jsonl": "records",
    ".ndjson": "records",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
}
_DATE_KEYS = ("as_of", "printed", "effective_date", "page_lastupdate", "date")
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?=$|[T ])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)(?:^|\n)---[ \t]*(?:\n|$)", re.DOTALL)
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFailure:
    """A file, line or record that was not read, or not wholly."""

    name: str
    """File name, with the line of a JSON lines file: ``pubs.jsonl:12``."""
    reason: str
    """What is wrong, in words."""


Found = Document | DocumentFailure
_Stream = IO[bytes] | gzip.GzipFile


def read_file(path: Path, name: str, collection: str) -> Iterator[Found]:
    """Documents of one file. ``name`` is its path as people know it, with ``/`` between folders."""
    kind = SUFFIXES.get(_suffix(path))
    if kind is None:
        known = ", ".join(sorted(SUFFIXES))
        yield DocumentFailure(
            name=name, reason=f"files of type {path.suffix or '(none)'!r} cannot be read, only {known}"
        )
        return
    try:
        with _opened(path) as stream:
            if kind == "records":
                yield from _records(stream, name, collection)
            else:
                yield from _page(stream, name, collection, kind)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        yield DocumentFailure(
            name=name, reason="its gzip data is broken; what came before the break was read"
        )
    except OSError as error:
        yield DocumentFailure(name=name, reason=f"it cannot be opened: {error.strerror or error}")


def clean(text: str) -> str:
    """The text with plain line ends and without control characters, which some indexes refuse."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _opened(path: Path) -> _Stream:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")


def _decoded(data: bytes, name: str) -> tuple[str, list[DocumentFailure]]:
    try:
        return clean(data.decode("utf-8-sig")), []
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "replace")
        count = text.count("\ufffd")
        reason = f"{count} characters were not UTF-8 and were replaced; the rest was kept"
        return clean(text), [DocumentFailure(name=name, reason=reason)]


def _records(stream: _Stream, name: str, collection: str) -> Iterator[Found]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > MAX_LINE_BYTES:
            yield DocumentFailure(name=place, reason=f"its line is longer than {MAX_LINE_BYTES // 2**20} MB")
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            continue
        if line.strip():
            text, problems = _decoded(line, place)
            yield from problems
            yield _record(text, place, collection)


def _record(line: str, place: str, collection: str) -> Found:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        return DocumentFailure(name=place, reason=f"its line is not JSON: {reason}")
    if not isinstance(record, dict):
        return DocumentFailure(name=place, reason="its line should be a JSON object with id, title and text")
    missing = [key for key in ("id", "title", "text") if not _words(record.get(key))]
    if missing:
        return DocumentFailure(name=place, reason=f"its record has no {' and no '.join(missing)}")
    return Document(
        id=_words(record["id"]),
        title=_words(record["title"]),
        text=_text(record["text"]),
        collection=_words(record.get("collection")) or collection,
        url=_web_address(record.get("url")),
        source=_words(record.get("source")),
        as_of=_as_of(record),
    )


def _page(stream: _Stream, name: str, collection: str, kind: str) -> Iterator[Found]:
    data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        yield DocumentFailure(name=name, reason=f"it is larger than {MAX_FILE_BYTES // 2**20} MB: split it")
        return
    text, problems = _decoded(data, name)
    yield from problems
    match kind:
        case "html":
            page = read_page(text)
            facts: Mapping[str, Any] = {"title": page.title, "url": page.url, "date": page.date}
            text = clean(page.text)
        case "markdown":
            try:
                facts, text = _front_matter(text)
            except ValueError as error:
                yield DocumentFailure(name=name, reason=str(error))
                return
        case _:
            facts = {}
    if not text.strip():
        yield DocumentFailure(name=name, reason="it holds no text")
        return
    yield _document(facts, text, name, collection)


def _document(facts: Mapping[str, Any], text: str, name: str, collection: str) -> Document:
    where = _words(facts.get("collection")) or collection
    stem = _without_suffix(name)
    return Document(
        id=_words(facts.get("id")) or f"{where}/{stem}",
        title=_words(facts.get("title")) or _first_heading(text) or _named(stem),
        text=text,
        collection=where,
        url=_web_address(facts.get("url")),
        source=_words(facts.get("source")),
        as_of=_as_of(facts),
    )


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        facts = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark is not None else ""
        raise ValueError(f"its front matter is not valid YAML{line}") from error
    if facts is None:
        facts = {}
    if not isinstance(facts, dict):
        raise ValueError("its front matter should be lines of `name: value`")
    return facts, text[match.end() :]


def _first_heading(text: str) -> str:
    return next(
        (block.title for block in parse_blocks(text[:20_000]) if block.kind == "heading" and block.title), ""
    )


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(path.name.split(".")[0] or path.name))


def _named(stem: str) -> str:
    words = re.sub(r"[-_]+", " ", PurePosixPath(stem).name).strip()
    return words[:1].upper() + words[1:]


def _words(value: object) -> str:
    """A value as one line of text; numbers become text, anything else nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return " ".join(_text(str(value)).split())


def _text(value: object) -> str:
    """Text as it may be stored; JSON can smuggle in control characters and half surrogates."""
    return clean(str(value)).encode("utf-8", "replace").decode()


def _web_address(value: object) -> str:
    """Only http and https: an address ends up behind a link on a page."""
    address = _words(value)
    return address if re.match(r"https?://[^\s<>\"]+$", address, re.IGNORECASE) else ""


def _as_of(record: Mapping[str, Any]) -> str | None:
    """The date to which the text is known to be true: as printed on it before any date of a file."""
    for key in _DATE_KEYS:
        value = record.get(key)
        words = value.isoformat() if isinstance(value, date) else _words(value)
        if match := _DATE.match(words):
            return match.group()
    return None
