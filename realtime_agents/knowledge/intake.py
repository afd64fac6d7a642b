"""What every store checks before it takes a document, and how reports are added up."""

from __future__ import annotations

from collections.abc import Iterable

from realtime_agents.knowledge.port import Document, IngestReport

BATCH_DOCUMENTS = 16
BATCH_CHARS = 100_000
"""Documents written at once end with whichever comes first: an interruption can lose these (a few seconds)."""
MAX_DOCUMENT_CHARS = 2_000_000
"""About 1,000 pages. Larger is one file that should have been many documents."""
MAX_ID_CHARS = 4_000
"""A web address has 2,000 at most, and a record of a site carries the site's address before its own id."""
MAX_TITLE_CHARS = 2_000


def refusal(document: Document) -> str:
    """Why a document cannot be stored, in words; empty when it can."""
    if not document.id.strip():
        return "it has no id"
    if len(document.id) > MAX_ID_CHARS:
        return f"its id is longer than {MAX_ID_CHARS:,} characters"
    if len(document.title) > MAX_TITLE_CHARS:
        return f"its title is longer than {MAX_TITLE_CHARS:,} characters"
    if not document.collection.strip():
        return "it names no collection"
    if not document.text.strip():
        return "it holds no text"
    if len(document.text) > MAX_DOCUMENT_CHARS:
        return f"it holds {len(document.text):,} characters, more than {MAX_DOCUMENT_CHARS:,}: split it"
    try:
        "".join(
            (document.id, document.collection, document.title, document.text, document.url, document.source)
        ).encode()
    except UnicodeEncodeError:
        return "it holds characters that are not valid Unicode"
    return ""


def sort_out(batch: Iterable[Document], seen: set[str]) -> tuple[list[Document], list[tuple[str, str]]]:
    """Documents to store, and (id, reason) of the others. ``seen`` grows; the first of an id wins."""
    accepted: list[Document] = []
    refused: list[tuple[str, str]] = []
    for document in batch:
        reason = refusal(document) or (
            "its id came before in this run; the first was kept" if document.id in seen else ""
        )
        if reason:
            refused.append((document.id[:MAX_TITLE_CHARS] or "(no id)", reason))
        else:
            seen.add(document.id)
            accepted.append(document)
    return accepted, refused


def merged(*reports: IngestReport) -> IngestReport:
    """One report of several, in order."""
    return IngestReport(
        added=tuple(name for report in reports for name in report.added),
        updated=tuple(name for report in reports for name in report.updated),
        unchanged=tuple(name for report in reports for name in report.unchanged),
        failed=tuple(entry for report in reports for entry in report.failed),
        passages=sum(report.passages for report in reports),
    )
