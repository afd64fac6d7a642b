"""Read documents from files: JSON lines, Markdown, HTML, PDF and plain text, each also gzipped.

Nothing in a file can stop the others: what cannot be read becomes a `DocumentFailure`. Text
stays text; nothing is executed, fetched or rendered.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypedDict
from urllib.parse import urlsplit

import yaml

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.blocks import parse_blocks
from realtime_agents.knowledge.dates import iso_date
from realtime_agents.knowledge.decoding import decode
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.port import Document, SourceType

READER_VERSION = "3"
"""Raise when files are read differently: all are then read again."""
MAX_FILE_BYTES = 8 * 1024 * 1024
"""Size of one page (Markdown, HTML, text), unpacked."""
MAX_PDF_BYTES = 40 * 1024 * 1024
MAX_LINE_BYTES = 8 * 1024 * 1024
"""Size of one record of a JSON lines file."""
MAX_LINES = 200_000
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
"""Of one JSON lines file: a few packed bytes can unpack to any number of either."""
MAX_REMOTE_LINES = 20_000
MAX_REMOTE_UNPACKED_BYTES = 200 * 1024 * 1024
"""The same for what a site sends."""
MAX_FRONT_MATTER_CHARS = 64 * 1024
SUFFIXES = {
    ".jsonl": "records",
    ".ndjson": "records",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".txt": "text",
}
_AS_OF = ("as_of", "printed", "effective_date", "page_lastupdate", "modified", "date", "published")
_PUBLISHED = ("published", "printed", "page_lastupdate", "date")
_EFFECTIVE_FROM = ("effective_from", "effective_date")
_EFFECTIVE_TO = ("effective_to", "effective_end_date")
"""Keys of a record or of front matter, the surest first."""
_READ_DATES = ("modified", "published", "effective_date")
_SOURCE_TYPES: Mapping[str, SourceType] = {
    "records": "record",
    "markdown": "markdown",
    "html": "html",
    "pdf": "pdf",
    "text": "text",
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a file comes from, and what is known about it besides its own words."""

    name: str
    """As people know it: a path with ``/`` between folders, a web address without its scheme."""
    collection: str
    url: str = ""
    source: str = ""
    date: str = ""
    """When it was last changed, as others say; for a text that names no date itself."""
    charset: str = ""
    remote: bool = False
    """What it says of its own id and collection is not believed: it could take the place of another page.
    Neither is an address on another site: citations would lead there."""


Found = Document | DocumentFailure
_Stream = IO[bytes] | gzip.GzipFile


def kind_of(name: str) -> str:
    """``records``, ``markdown``, ``html``, ``pdf`` or ``text`` by a file's name; empty for other types."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1], "") if suffixes else ""


def read_file(
    path: Path,
    name: str,
    collection: str,
    extractor: Extractor,
    opened: Callable[[IO[bytes]], None] | None = None,
) -> Iterator[Found]:
    """Documents of one file. ``name`` is its path as people know it, with ``/`` between folders.

    ``opened`` is given the file itself (not what is packed in it), whose position tells how far it was read.
    """
    kind = kind_of(path.name)
    if not kind:
        known = ", ".join(sorted(SUFFIXES))
        yield DocumentFailure(
            name=name, reason=f"files of type {path.suffix or '(none)'!r} cannot be read, only {known}"
        )
        return
    try:
        with path.open("rb") as raw, _unpacked(path, raw) as stream:
            if opened is not None:
                opened(raw)
            yield from read_stream(stream, kind, Origin(name=name, collection=collection), extractor)
    except OSError as error:
        yield DocumentFailure(name=name, reason=f"it cannot be opened: {error.strerror or error}")


def read_bytes(data: bytes, kind: str, origin: Origin, extractor: Extractor) -> Iterator[Found]:
    """Documents of a file that is in memory, packed as gzip or not."""
    packed = data.startswith(b"\x1f\x8b")
    with gzip.open(io.BytesIO(data), "rb") if packed else io.BytesIO(data) as stream:
        yield from read_stream(stream, kind, origin, extractor)


def read_stream(stream: _Stream, kind: str, origin: Origin, extractor: Extractor) -> Iterator[Found]:
    """Documents of an open file of a kind as `kind_of` has it. Raises `OSError` when it cannot be read."""
    try:
        if kind == "records":
            yield from _records(stream, origin)
        else:
            yield from _page(stream, kind, origin, extractor)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        yield DocumentFailure(
            name=origin.name, reason="its gzip data is broken; what came before the break was read"
        )


def clean(text: str) -> str:
    """The text with plain line ends and without control characters, which some indexes refuse."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def _unpacked(path: Path, raw: IO[bytes]) -> _Stream:
    return gzip.open(raw, "rb") if path.suffix.lower() == ".gz" else raw


def _decoded(data: bytes, name: str, charset: str = "") -> tuple[str, list[DocumentFailure]]:
    text, replaced = decode(data, charset)
    if not replaced:
        return clean(text), []
    reason = f"{replaced} characters were not UTF-8 and were replaced; the rest was kept"
    return clean(text), [DocumentFailure(name=name, reason=reason)]


def _records(stream: _Stream, origin: Origin) -> Iterator[Found]:
    most_lines = MAX_REMOTE_LINES if origin.remote else MAX_LINES
    most_bytes = MAX_REMOTE_UNPACKED_BYTES if origin.remote else MAX_UNPACKED_BYTES
    number = size = 0
    is_rest = False
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += not is_rest
        size += len(line)
        if number > most_lines or size > most_bytes:
            most = f"{most_lines:,} lines" if number > most_lines else f"{most_bytes // 2**20:,} MB unpacked"
            yield DocumentFailure(
                name=origin.name, reason=f"it holds more than {most}; what came before was read: split it"
            )
            return
        place = f"{origin.name}:{number}"
        if is_rest or len(line) > MAX_LINE_BYTES:
            if not is_rest:
                reason = f"its line is longer than {MAX_LINE_BYTES // 2**20} MB"
                yield DocumentFailure(name=place, reason=reason)
            is_rest = not line.endswith(b"\n")
        elif line.strip():
            text, problems = _decoded(line, place)
            yield from problems
            yield _record(text, place, origin)


def _record(line: str, place: str, origin: Origin) -> Found:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return DocumentFailure(name=place, reason=f"its line is not JSON: {_fault_of_json(error)}")
    if not isinstance(record, dict):
        return DocumentFailure(name=place, reason="its line should be a JSON object with id, title and text")
    missing = [key for key in ("id", "title", "text") if not _words(record.get(key))]
    if missing:
        return DocumentFailure(name=place, reason=f"its record has no {' and no '.join(missing)}")
    document = Document(
        id=_words(record["id"]),
        title=_words(record["title"]),
        text=_text(record["text"]),
        collection=_words(record.get("collection")) or origin.collection,
        url=_web_address(record.get("url")),
        source=_words(record.get("source")) or origin.source,
        source_type=_SOURCE_TYPES["records"],
        **_dates(record, origin),
    )
    if origin.remote:
        own = f"{origin.collection}/{origin.name}/{document.id}"
        return replace(document, id=own, collection=origin.collection)
    return document


def _fault_of_json(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return error.msg
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "a number in it has too many digits"


def _page(stream: _Stream, kind: str, origin: Origin, extractor: Extractor) -> Iterator[Found]:
    limit = MAX_PDF_BYTES if kind == "pdf" else MAX_FILE_BYTES
    data = stream.read(limit + 1)
    if len(data) > limit:
        yield DocumentFailure(name=origin.name, reason=f"it is larger than {limit // 2**20} MB: split it")
        return
    try:
        facts, text, problems = _taken_apart(data, kind, origin, extractor)
    except DocumentError as error:
        yield DocumentFailure(name=origin.name, reason=str(error))
        return
    yield from (DocumentFailure(name=origin.name, reason=problem) for problem in problems)
    if text.strip():
        yield _document(facts, text, kind, origin)
    else:
        yield DocumentFailure(name=origin.name, reason="it holds no text")


def _taken_apart(
    data: bytes, kind: str, origin: Origin, extractor: Extractor
) -> tuple[Mapping[str, Any], str, list[str]]:
    """What is known about a page, its text, and what was wrong with it. Raises `DocumentError`."""
    if kind == "pdf":
        if not data:
            return {}, "", []
        found = extractor.read("pdf", data)
        known = {name: found[name] for name in ("title", *_READ_DATES)}
        return known, clean(found["text"]), list(found["notes"])
    text, failures = _decoded(data, origin.name, origin.charset or ("html" if kind == "html" else ""))
    problems = [failure.reason for failure in failures]
    match kind:
        case "html" if text.strip():
            page = extractor.read("html", text.encode("utf-8", "replace"))
            known = {name: page[name] for name in ("title", "url", *_READ_DATES)}
            known["source"] = page["site"]
            return known, clean(page["text"]), problems
        case "markdown":
            facts, text = _front_matter(text)
            return facts, text, problems
        case _:
            return {}, text, problems


def _document(facts: Mapping[str, Any], text: str, kind: str, origin: Origin) -> Document:
    if origin.remote:
        facts = {**facts, "id": f"{origin.collection}/{origin.name}", "collection": origin.collection}
        if not _same_host(_web_address(facts.get("url")), origin.url):
            facts["url"] = ""
    where = _words(facts.get("collection")) or origin.collection
    stem = _without_suffix(origin.name)
    return Document(
        id=_words(facts.get("id")) or f"{where}/{stem}",
        title=_words(facts.get("title")) or _first_heading(text) or _named(stem),
        text=text,
        collection=where,
        url=_web_address(facts.get("url")) or origin.url,
        source=_words(facts.get("source")) or origin.source,
        source_type=_SOURCE_TYPES[kind],
        **_dates(facts, origin),
    )


def _same_host(one: str, other: str) -> bool:
    """A page may give another address of its own site for itself, and no other."""
    try:
        hosts = {(urlsplit(url).hostname or "").removeprefix("www.") for url in (one, other)}
    except ValueError:
        return False
    return len(hosts) == 1


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    if len(match[1]) > MAX_FRONT_MATTER_CHARS:
        raise DocumentError(f"its front matter is larger than {MAX_FRONT_MATTER_CHARS // 1024} kB")
    try:
        facts = yaml.safe_load(match[1])
    except Exception as error:  # yaml raises KeyError, IndexError and more for values its tags do not fit
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark is not None else ""
        raise DocumentError(f"its front matter is not valid YAML{line}") from error
    if facts is None:
        facts = {}
    if not isinstance(facts, dict):
        raise DocumentError("its front matter should be lines of `name: value`")
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


class _Dates(TypedDict):
    as_of: str | None
    published: str | None
    effective_from: str | None
    effective_to: str | None


def _dates(facts: Mapping[str, Any], origin: Origin) -> _Dates:
    """What a text tells of its time. ``as_of`` is the date printed on it before any date of a file."""
    known = iso_date(origin.date)
    return _Dates(
        as_of=_first_date(facts, _AS_OF) or known,
        published=_first_date(facts, _PUBLISHED),
        effective_from=_first_date(facts, _EFFECTIVE_FROM),
        effective_to=_first_date(facts, _EFFECTIVE_TO),
    )


def _first_date(facts: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    for key in keys:
        value = facts.get(key)
        if found := iso_date(value.isoformat() if isinstance(value, date) else _words(value)):
            return found
    return None
