from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_agents.knowledge import extract
from realtime_agents.knowledge.extract import DocumentFailure, clean
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.ingest import read_documents
from realtime_agents.knowledge.port import Document
from tests.support.pdf_files import pdf

_extractors: list[Extractor] = []


@pytest.fixture(scope="module", autouse=True)
def one_process_for_all() -> Iterator[None]:
    """Starting a process for each test would take longer than the tests."""
    with Extractor() as extractor:
        _extractors.append(extractor)
        yield
        _extractors.clear()


def read(path: Path, collection: str = "c") -> tuple[list[Document], list[DocumentFailure]]:
    found = list(read_documents(path, collection, _extractors[0]))
    return (
        [entry for entry in found if isinstance(entry, Document)],
        [entry for entry in found if isinstance(entry, DocumentFailure)],
    )


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def record(**fields: object) -> str:
    return json.dumps({"id": "a", "title": "T", "text": "Words."} | fields)


# JSON lines


def test_records_become_documents(tmp_path: Path) -> None:
    line = record(
        id="flag", title="Burial  flags", text="# Flags\r\nWords.", url="https://x.org/a", source="VA.gov"
    )
    documents, failures = read(
        written(tmp_path, "pages.jsonl", line + "\n\n" + record(id=7, collection="other"))
    )
    assert failures == []
    assert documents[0] == Document(
        id="flag",
        title="Burial flags",
        text="# Flags\nWords.",
        collection="c",
        url="https://x.org/a",
        source="VA.gov",
        source_type="record",
    )
    assert (documents[1].id, documents[1].collection) == ("7", "other")


@pytest.mark.parametrize(
    ("fields", "as_of"),
    [
        ({"printed": "2026-01", "date": "2026-06-30"}, "2026-01"),
        ({"printed": None, "effective_date": "1992-08-31", "date": "2023-08-17"}, "1992-08-31"),
        ({"effective_date": "", "page_lastupdate": "2020-03-02", "date": "2019-01-01"}, "2020-03-02"),
        ({"date": "2019-05-01T10:00:00Z"}, "2019-05-01"),
        ({"as_of": "2025", "printed": "2026-01"}, "2025"),
        ({"printed": "spring", "date": "2026-02"}, "2026-02"),
        ({"date": "05/01/2019"}, None),
        ({"date": "January 15, 2026"}, "2026-01-15"),
        ({"date": "3 Sept. 2025"}, "2025-09-03"),
        ({"date": "March 2026"}, "2026-03"),
        ({"date": "February 30, 2026"}, None),
        ({"date": "2019-13-01"}, None),
        ({"date": 2026}, "2026"),
        ({}, None),
    ],
)
def test_the_date_is_the_printed_one_before_any_date_of_a_file(
    tmp_path: Path, fields: dict[str, object], as_of: str | None
) -> None:
    documents, _ = read(written(tmp_path, "a.jsonl", record(**fields)))
    assert documents[0].as_of == as_of


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "JSON object"),
        ('"text"', "JSON object"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"id": {"9" * 5_000}}}', "too many digits"),
        (json.dumps({"id": "a", "text": "x"}), "no title"),
        (json.dumps({"id": "", "title": "T", "text": "x"}), "no id"),
        (json.dumps({"id": "a", "title": "T", "text": "  "}), "no text"),
        (json.dumps({"id": "a", "title": "T", "text": ["x"]}), "no text"),
        (json.dumps({"title": None}), "no id and no title and no text"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_the_others_are_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = written(tmp_path, "pages.jsonl", f"{record(id='one')}\n{line}\n{record(id='two')}\n")
    documents, failures = read(path)
    assert [document.id for document in documents] == ["one", "two"]
    assert [failure.name for failure in failures] == ["pages.jsonl:2"]
    assert reason in failures[0].reason


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "MAX_LINE_BYTES", 500)
    long = record(id="long", text="word " * 1_000)
    documents, failures = read(written(tmp_path, "a.jsonl", f"{long}\n{record(id='next')}\n{long}"))
    assert [document.id for document in documents] == ["next"]
    assert [failure.name for failure in failures] == ["a.jsonl:1", "a.jsonl:3"]


@pytest.mark.parametrize("content", [b"\n" * 500, b"x" * 5_000, b"{}\n" * 200], ids=["empty", "one", "many"])
@pytest.mark.parametrize("bound", ["MAX_LINES", "MAX_UNPACKED_BYTES"])
def test_what_a_few_packed_bytes_unpack_to_is_read_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, bound: str
) -> None:
    """Also where there is nothing to report on the way, and where there is no second line."""
    monkeypatch.setattr(extract, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(extract, bound, 300 if bound == "MAX_UNPACKED_BYTES" else 150)
    good = json.dumps({"id": "1", "title": "T", "text": "Words."}).encode() + b"\n"
    documents, failures = read(written(tmp_path, "a.jsonl.gz", gzip.compress(good + content)))
    assert [document.id for document in documents] == ["1"]
    if bound == "MAX_LINES" and content.count(b"\n") == 0:
        assert failures[-1].reason.startswith("its line is longer than")
    else:
        assert failures[-1].reason.startswith("it holds more than")


def test_broken_characters_are_replaced_and_reported(tmp_path: Path) -> None:
    line = record(text="caf\xe9 au lait").encode().replace(b"\\u00e9", b"\xe9")
    documents, failures = read(written(tmp_path, "a.jsonl", line))
    assert documents[0].text == "caf\ufffd au lait"
    assert "1 characters were not UTF-8" in failures[0].reason


def test_control_characters_and_half_surrogates_do_not_come_through(tmp_path: Path) -> None:
    documents, failures = read(
        written(tmp_path, "a.jsonl", record(text="a\x00b\x07c\ttab\nline \ud83d end\ufeff"))
    )
    assert failures == []
    assert documents[0].text == "abc\ttab\nline ? end"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "/relative", "https://x y", 5]
)
def test_only_web_addresses_are_kept_as_address(tmp_path: Path, url: object) -> None:
    documents, _ = read(written(tmp_path, "a.jsonl", record(url=url)))
    assert documents[0].url == ""


def test_dates_of_publication_and_of_force_are_kept_apart(tmp_path: Path) -> None:
    line = record(
        printed="2026-01", date="2026-03-06", effective_date="1992-08-31", effective_end_date="2027-01-01"
    )
    documents, _ = read(written(tmp_path, "a.jsonl", line))
    page = documents[0]
    assert (page.published, page.effective_from, page.effective_to) == ("2026-01", "1992-08-31", "2027-01-01")


# gzip


def test_gzipped_files_are_read_by_their_inner_type(tmp_path: Path) -> None:
    written(tmp_path, "a.jsonl.gz", gzip.compress(record(id="a").encode()))
    written(tmp_path, "b.md.gz", gzip.compress(b"# Title\nWords."))
    documents, failures = read(tmp_path)
    assert failures == []
    assert [(document.id, document.title) for document in documents] == [("a", "T"), ("c/b", "Title")]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.md.gz"])
@pytest.mark.parametrize(
    "content", [b"not gzip at all", b"", gzip.compress(b"x" * 90_000, mtime=0)[:-12], b"\x1f\x8b\x08"]
)
def test_a_broken_archive_is_reported(tmp_path: Path, name: str, content: bytes) -> None:
    documents, failures = read(written(tmp_path, name, content))
    assert documents == []
    if content or name.endswith(".md.gz"):
        assert failures


def test_records_before_the_break_of_an_archive_are_read(tmp_path: Path) -> None:
    lines = "\n".join(record(id=str(n), text=f"Words {n} {n * 7919}") for n in range(5_000))
    documents, failures = read(written(tmp_path, "a.jsonl.gz", gzip.compress(lines.encode())[:-2_000]))
    assert 0 < len(documents) < 5_000
    assert "gzip data is broken" in failures[-1].reason


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a" * (extract.MAX_FILE_BYTES + 10))
    documents, failures = read(written(tmp_path, "a.txt.gz", bomb))
    assert documents == []
    assert "larger than 8 MB" in failures[0].reason


# Markdown, text


def test_front_matter_names_the_document(tmp_path: Path) -> None:
    content = """---
title: "Part B: costs"
url: https://x.org/b
source: CMS
as_of: 2026-01-15
id: part-b
collection: medicare
---

# Another heading
Words.
"""
    documents, failures = read(written(tmp_path, "page.md", content))
    assert failures == []
    assert documents == [
        Document(
            id="part-b",
            title="Part B: costs",
            text="\n# Another heading\nWords.\n",
            collection="medicare",
            url="https://x.org/b",
            source="CMS",
            as_of="2026-01-15",
            source_type="markdown",
        )
    ]


@pytest.mark.parametrize(
    ("name", "content", "identity", "title"),
    [
        ("deep/er/my-page.md", "Text first.\n\n## A *heading*\nWords.", "c/deep/er/my-page", "A heading"),
        ("my_page.txt", "Only words.", "c/my_page", "My page"),
        ("x.markdown", "---\n---\nWords.", "c/x", "X"),
        ("crlf.md", "---\r\ntitle: Windows\r\n---\r\nWords.", "c/crlf", "Windows"),
        ("bom.md", "\ufeff# Title\nWords.", "c/bom", "Title"),
        ("rule.md", "Words.\n\n---\n\nmore: words\n\n---", "c/rule", "Rule"),
    ],
)
def test_without_front_matter_heading_and_file_name_serve(
    tmp_path: Path, name: str, content: str, identity: str, title: str
) -> None:
    written(tmp_path, name, content)
    documents, failures = read(tmp_path)
    assert failures == []
    assert (documents[0].id, documents[0].title) == (identity, title)
    assert "Words." in documents[0].text or "words" in documents[0].text


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("title: [unclosed", "not valid YAML in line 2"),
        ("- a\n- b", "name: value"),
        ("just words", "name: value"),
        ("a: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("a: !!bool perhaps", "not valid YAML"),
        ("a: !!int ''", "not valid YAML"),
        ("a: !!timestamp soon", "not valid YAML"),
        (f"a: {'1:' * 400}1.0", "not valid YAML"),
        ("a: 2026-99-99", "not valid YAML"),
        ("a: " + "x" * 70_000, "larger than 64 kB"),
    ],
)
def test_wrong_front_matter_is_reported(tmp_path: Path, front: str, reason: str) -> None:
    documents, failures = read(written(tmp_path, "a.md", f"---\n{front}\n---\nWords."))
    assert documents == []
    assert reason in failures[0].reason


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
@pytest.mark.parametrize("content", ["", "  \n\t ", "\x00\x01"])
def test_a_file_without_text_is_reported(tmp_path: Path, name: str, content: str) -> None:
    documents, failures = read(written(tmp_path, name, content))
    assert documents == []
    assert failures == [DocumentFailure(name=name, reason="it holds no text")]


# HTML

PAGE = """<!doctype html><html><head><title>Burial flags | Example site</title>
<link rel="canonical" href="https://x.org/flags"><meta property="article:modified_time" content="2026-03-04T05:06:07Z">
<style>p { color: red }</style></head>
<body><nav><a href="/">Home</a> <a href="/all">All pages</a></nav>
<main><h1>Burial flags &amp; headstones</h1>
<p>A burial flag drapes the casket of a veteran who has died. The family may keep it afterwards.</p>
<h2>Who gets it</h2><ul><li>The next of kin gets the flag.</li><li>A friend may ask for it too.</li></ul>
<script>alert('never text')</script>
<p>Read <a href="javascript:alert(1)">how to ask</a> for one, and use <b>VA Form 27-2008</b> when you do that.</p></main>
<footer>Page footer</footer></body></html>"""


def test_a_web_page_becomes_markdown(tmp_path: Path) -> None:
    documents, failures = read(written(tmp_path, "flags.html", PAGE))
    assert failures == []
    page = documents[0]
    assert page.title == "Burial flags & headstones"
    assert (page.id, page.url, page.as_of) == ("c/flags", "https://x.org/flags", "2026-03-04")
    assert "## Who gets it" in page.text
    assert "- The next of kin gets the flag." in page.text
    assert "how to ask" in page.text
    for absent in ("alert", "color: red", "<p>", "javascript", "All pages"):
        assert absent not in page.text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>hi", "hi"),
        ("just words, no tags", "just words, no tags"),
        ("<html><head><title>T</title><body><p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>a<script>bad()</script>b<style>x{}</style></div>", "ab"),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "<script>alert(1)</script>"),
    ],
)
def test_a_page_without_a_main_text_gives_its_plain_text(tmp_path: Path, html: str, expected: str) -> None:
    documents, failures = read(written(tmp_path, "a.html", html))
    assert failures == []
    assert documents[0].text.strip() == expected


@pytest.mark.parametrize(
    "html",
    ["<" * 5_000, "<div>" * 3_000 + "deep", "<!--", "<![CDATA[", "<p \x00>x</p>", "&#0;&#xD800;&bogus;x"],
)
def test_broken_markup_never_raises(tmp_path: Path, html: str) -> None:
    documents, failures = read(written(tmp_path, "a.html", html))
    assert len(documents) + len(failures) == 1


@pytest.mark.parametrize(
    ("head", "as_of", "published"),
    [
        ('<meta name="DC.date" content="2026-01-15">', "2026-01-15", "2026-01-15"),
        ('<meta itemprop="dateModified" content="January 15, 2026">', "2026-01-15", None),
        (
            '<meta name="last-modified" content="2026-05-06"><meta name="dcterms.issued" content="2019-02-03">',
            "2026-05-06",
            "2019-02-03",
        ),
        (
            '<script type="application/ld+json">{"datePublished": "2025-02-03T08:00:00Z"}</script>',
            "2025-02-03",
            "2025-02-03",
        ),
        ('<meta name="date" content="soon">', None, None),
    ],
)
def test_a_page_is_dated_by_what_it_says_of_itself(
    tmp_path: Path, head: str, as_of: str | None, published: str | None
) -> None:
    html = f"<html><head>{head}</head><body><p>Words of the page.</p></body></html>"
    documents, _ = read(written(tmp_path, "a.html", html))
    assert (documents[0].as_of, documents[0].published) == (as_of, published)


def test_a_time_counts_as_date_only_where_the_page_says_so(tmp_path: Path) -> None:
    said = '<p>Words.</p><p>Last updated: <time datetime="2026-01-15">January 15</time></p>'
    other = '<p>The meeting is on <time datetime="2026-01-15">January 15</time>.</p>'
    assert read(written(tmp_path, "a.html", said))[0][0].as_of == "2026-01-15"
    assert read(written(tmp_path, "a.html", other))[0][0].as_of is None


@pytest.mark.parametrize(
    ("words", "as_of", "published", "effective"),
    [
        ("Last updated:", "2026-01-15", None, None),
        ("Published on", "2026-01-15", "2026-01-15", None),
        ("Effective date:", "2026-01-15", None, "2026-01-15"),
        ("The new rate is effective", None, None, None),
    ],
)
def test_what_stands_before_a_time_says_which_date_it_is(
    tmp_path: Path, words: str, as_of: str | None, published: str | None, effective: str | None
) -> None:
    html = f'<p>Words.</p><p>{words} <time datetime="2026-01-15">January 15</time></p>'
    page = read(written(tmp_path, "a.html", html))[0][0]
    assert (page.as_of, page.published, page.effective_from) == (as_of, published, effective)


def test_a_pdf_is_dated_by_its_last_change_and_published_when_it_was_made(tmp_path: Path) -> None:
    lines = ("Effective Date: July 1, 2026", "", "Words that are long enough to be the text of a page.")
    page = read(written(tmp_path, "a.pdf", pdf(lines, modified="20260506", created="20250304")))[0][0]
    assert (page.as_of, page.published, page.effective_from) == ("2026-07-01", "2025-03-04", "2026-07-01")


def test_a_day_of_force_and_the_name_of_the_site_are_taken_from_the_page(tmp_path: Path) -> None:
    html = (
        '<meta name="effective-date" content="2026-07-01"><meta property="og:site_name" content="Benefits  site">'
        "<h1>First</h1><p>Words.</p><h1>Second</h1>"
    )
    page = read(written(tmp_path, "a.html", html))[0][0]
    assert (page.effective_from, page.source, page.title) == ("2026-07-01", "Benefits site", "First")


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="windows-1252"><p>caf\xe9 \x93quoted\x94</p>'.encode("latin-1"),
        '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>caf\xe9 \x93quoted\x94</p>'.encode(
            "latin-1"
        ),
        '<meta charset="iso-8859-1"><p>café “quoted”</p>'.encode(),
        "<p>café “quoted”</p>".encode("utf-16"),
    ],
)
def test_pages_in_other_character_sets_are_read(tmp_path: Path, data: bytes) -> None:
    documents, failures = read(written(tmp_path, "a.html", data))
    assert failures == []
    assert documents[0].text == "café “quoted”"


def test_a_codec_that_is_no_character_set_is_not_used(tmp_path: Path) -> None:
    documents, failures = read(
        written(tmp_path, "a.html", b'<meta charset="unicode_escape"><p>a\\u0041 \xff</p>')
    )
    assert documents[0].text == "a\\u0041 \ufffd"
    assert "not UTF-8" in failures[0].reason


# Files and folders


def test_a_folder_is_read_in_order_without_what_is_hidden_or_linked(tmp_path: Path) -> None:
    outside = written(tmp_path, "outside/secret.md", "Secret words.")
    folder = tmp_path / "folder"
    for name in ("b.md", "a.txt", "sub/c.md", ".hidden.md", ".git/d.md", "README.md", "sub/readme.txt"):
        written(folder, name, f"Words of {name}.")
    (folder / "link.md").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (folder / "loop").symlink_to(folder)
    documents, failures = read(folder)
    assert [document.id for document in documents] == ["c/a", "c/b", "c/sub/c"]
    assert failures == []


def test_a_readme_that_is_asked_for_is_read(tmp_path: Path) -> None:
    assert read(written(tmp_path, "README.md", "Words."))[0]


@pytest.mark.parametrize("name", ["a.png", "a", "a.docx.gz", "a.gz", "a.json"])
def test_a_file_of_another_type_is_reported(tmp_path: Path, name: str) -> None:
    documents, failures = read(written(tmp_path, name, b"\x89PNG"))
    assert documents == []
    assert "cannot be read, only" in failures[0].reason


def test_a_path_that_is_not_there_is_reported(tmp_path: Path) -> None:
    documents, failures = read(tmp_path / "nothing.md")
    assert documents == []
    assert "no such file" in failures[0].reason


def test_a_file_that_is_too_large_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "MAX_FILE_BYTES", 100)
    documents, failures = read(written(tmp_path, "a.md", "word " * 100))
    assert documents == []
    assert "split it" in failures[0].reason


def test_cleaning_leaves_ordinary_text_alone() -> None:
    text = "Tabs\tand\nlines, “quotes”, émigré, 日本語, 🙂, $5 – fine."
    assert clean(text) == text
    assert clean("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
