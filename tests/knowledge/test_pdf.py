from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge import pdf as pdf_module
from realtime_agents.knowledge.pdf import read_pdf
from realtime_agents.knowledge.pdf_layout import Line, to_markdown
from tests.support.pdf_files import encrypted, pdf

LONG = "This line goes on as far as the margin of the page, as lines of a paragraph do, and then"


def test_large_and_bold_lines_become_headings() -> None:
    data = pdf(
        [
            ("Burial benefits", 20),
            "",
            LONG,
            "goes on below.",
            "",
            ("Who gets a flag", 14),
            "",
            LONG,
            "and the next of kin gets it.",
        ]
    )
    found = read_pdf(data)
    assert found.text.split("\n\n") == [
        "# Burial benefits",
        f"{LONG} goes on below.",
        "## Who gets a flag",
        f"{LONG} and the next of kin gets it.",
    ]
    assert (found.title, found.notes) == ("Burial benefits", ())


def test_bold_lines_of_the_size_of_the_text_are_headings_too() -> None:
    data = pdf([("Costs", 11, True), LONG, "of text.", "", ("Dates", 11, True), LONG, "more text."])
    assert [line for line in read_pdf(data).text.split("\n") if line.startswith("#")] == [
        "# Costs",
        "# Dates",
    ]


def test_without_headings_each_page_is_a_section() -> None:
    found = read_pdf(pdf([LONG, "one."], [LONG, "two."], title="Costs of 2026"))
    assert found.text == f"## Page 1\n\n{LONG} one.\n\n## Page 2\n\n{LONG} two."
    assert found.title == "Costs of 2026"


def test_running_heads_page_numbers_and_tables_of_contents_are_left_out() -> None:
    pages = [
        ["Medicare & You", LONG, f"Words of page {n}.", "Costs . . . . . . . . . 12", f"- {n} -"]
        for n in range(1, 6)
    ]
    text = read_pdf(pdf(*pages)).text
    assert "Medicare & You" not in text
    assert ". . ." not in text
    assert "Words of page 3." in text
    assert "- 3 -" not in text


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("infor-", "mation", "information"),
        ("DIS-", "CLAIMED", "DISCLAIMED"),
        ("Part-", "B", "Part-B"),
        ("Call 1-", "800-633", "Call 1- 800-633"),
    ],
)
def test_words_broken_at_the_margin_are_joined(first: str, second: str, expected: str) -> None:
    page = [
        Line(text=f"{LONG} {first}", size=11, bold=False, y=700),
        Line(text=second, size=11, bold=False, y=686),
    ]
    assert to_markdown([page]) == f"{LONG} {expected}"


def test_items_stay_on_lines_of_their_own_and_nothing_turns_into_markup() -> None:
    lines = ["You get:", "• a flag", "• a stone", "# not a heading", "--- not a rule"]
    page = [Line(text=text, size=11, bold=False, y=700 - 14 * n) for n, text in enumerate(lines)]
    assert to_markdown([page]) == "You get:\n- a flag\n- a stone\n\\# not a heading\n\\--- not a rule"


def test_a_heading_on_two_lines_is_one() -> None:
    text = read_pdf(
        pdf([("Benefits for survivors of", 18), ("veterans who served", 18), "", LONG, "end."])
    ).text
    assert text.startswith("# Benefits for survivors of veterans who served\n")


def test_ligatures_become_letters() -> None:
    assert to_markdown([[Line(text="beneﬁt oﬃce", size=11, bold=False, y=1)]]) == "benefit office"


@pytest.mark.parametrize(
    ("written", "date"),
    [("20260115093000-05'00'", "2026-01-15"), ("2026", ""), ("20261345", ""), ("", "")],
)
def test_when_it_was_made_and_when_it_was_changed_are_kept_apart(written: str, date: str) -> None:
    changed = read_pdf(pdf([LONG], modified=written, created="20240203"))
    assert (changed.modified, changed.published) == (date, "2024-02-03")
    made = read_pdf(pdf([LONG], modified="20260203", created=written))
    assert (made.modified, made.published) == ("2026-02-03", date)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Effective Date: January 1, 2026", "2026-01-01"),
        ("EFFECTIVE: 2026-07-01", "2026-07-01"),
        ("Effective from 1 July 2026", "2026-07-01"),
        ("Effective January 1, 2026, the premium rises.", ""),
        ("Effective date: 01/02/2026", ""),
        ("The rule is effective January 1, 2026", ""),
    ],
)
def test_a_day_of_force_is_taken_from_a_line_that_says_nothing_else(line: str, date: str) -> None:
    assert read_pdf(pdf([("Notice", 20), line, "", LONG])).effective_date == date
    assert read_pdf(pdf([LONG], [LONG], [line])).effective_date == "", "it is not on the first pages"


@pytest.mark.parametrize("title", ["Microsoft Word - draft.docx", "untitled", "leaflet.pdf", "x"])
def test_a_title_that_is_a_file_name_is_no_title(title: str) -> None:
    assert read_pdf(pdf([("Real heading", 20), LONG, "end."], title=title)).title == "Real heading"


def test_a_password_is_told() -> None:
    with pytest.raises(DocumentError, match="protected with a password"):
        read_pdf(encrypted(pdf([LONG]), "secret"))


def test_a_file_that_is_encrypted_without_a_password_is_read() -> None:
    assert read_pdf(encrypted(pdf([LONG]), "")).text == LONG


def test_pictures_of_pages_are_told() -> None:
    with pytest.raises(DocumentError, match="no text, perhaps pictures"):
        read_pdf(pdf([], []))


def test_pages_without_text_are_told_beside_the_others() -> None:
    assert read_pdf(pdf([LONG], [])).notes == ("1 of its 2 pages hold no text; the others were kept",)


def test_too_many_pages_or_characters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_module, "MAX_PAGES", 2)
    with pytest.raises(DocumentError, match="3 pages, more than 2"):
        read_pdf(pdf([LONG], [LONG], [LONG]))
    monkeypatch.setattr(pdf_module, "MAX_CHARS", 50)
    with pytest.raises(DocumentError, match="more than 50 characters"):
        read_pdf(pdf([LONG]))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"%PDF-1.4\nnonsense", b"words", pdf([LONG])[:200]])
def test_a_broken_file_is_told_in_words(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"not a PDF|is broken"):
        read_pdf(data)


def test_a_file_without_pages_is_told() -> None:
    out = io.BytesIO()
    PdfWriter().write(out)
    with pytest.raises(DocumentError, match="no text"):
        read_pdf(out.getvalue())
