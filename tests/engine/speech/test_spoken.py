from __future__ import annotations

import re
from pathlib import Path

import pytest

from realtime_agents.engine.speech.spoken import say, utterances
from realtime_agents.settings import ROOT

SAYABLE = re.compile(r"[A-Za-zÀ-ÿ ,.;:!?'…-]*")

ANSWER = """The standard Part B premium in 2026 is **$202.90** a month [3]. Call 1-800-633-4227 (TTY 711)!

## What to do
- Send VA Form 10-10EZ by 2026-01-05
- See [the page](https://www.va.gov/health-care/?a=1)
| Year | Premium |
|---|---:|
| 2026 | $202.90 |
"""


def words(text: str) -> str:
    return say(text).words.removesuffix(".")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("$202.90", "two hundred two dollars and ninety cents"),
        ("$1,676", "one thousand six hundred seventy-six dollars"),
        ("$1", "one dollar"),
        ("$0.01", "one cent"),
        ("$0", "zero dollars"),
        ("$1.5 million", "one point five million dollars"),
        ("$40.58/month", "forty dollars and fifty-eight cents a month"),
        ("$10-$20", "ten to twenty dollars"),
        ("$4,000–5,000", "four thousand to five thousand dollars"),
        ("the $283 deductible", "the two hundred eighty-three dollar deductible"),
        ("pay $283 more", "pay two hundred eighty-three dollars more"),
        ("a plan with a $0 premium", "a plan with a zero dollar premium"),
        ("$.50", "fifty cents"),
        ("$5/$10, 3%/yr", "five dollars or ten dollars, three percent a year"),
        ("50¢", "fifty cents"),
        ("$1.5M and $5k", "one point five million dollars and five thousand dollars"),
        ("$1-$2M", "one to two million dollars"),
        (
            "$202.90/mo. or $283/yr",
            "two hundred two dollars and ninety cents a month or two hundred eighty-three dollars a year",
        ),
    ],
)
def test_money(written: str, said: str) -> None:
    assert words(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("20%", "twenty percent"),
        ("3.5 %", "three point five percent"),
        ("70–100%", "seventy to one hundred percent"),
        ("50/50", "fifty-fifty"),
        ("1/2", "one half"),
        ("24/7", "twenty-four seven"),
        ("2½", "two and one half"),
        ("65–67", "sixty-five to sixty-seven"),
        ("65-67", "sixty-five to sixty-seven"),
        ("10,000 people", "ten thousand people"),
        ("1950 people", "one thousand nine hundred fifty people"),
        ("the 65th", "the sixty-fifth"),
        ("65+", "sixty-five plus"),
        ("≥ 65", "at least sixty-five"),
        ("-5", "minus five"),
        ("#42", "number forty-two"),
        ("2.1.0", "two point one point zero"),
        ("a 30-day supply", "a thirty-day supply"),
        ("65-year-old", "sixty-five-year-old"),
        ("mid-2026", "mid-twenty twenty-six"),
        ("2 1/2 years", "two and one half years"),
        ("20/20", "twenty twenty"),
        ("3:1", "three to one"),
        ("2x a year", "two times a year"),
        ("5mg, 1 hr, 1 ft", "five milligrams, one hour, one foot"),
        ("70%+", "seventy percent plus"),
        ("$1 < x > $2", "one dollar less than x more than two dollars"),
    ],
)
def test_numbers(written: str, said: str) -> None:
    assert words(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-01-05", "January fifth, twenty twenty-six"),
        ("2026-01", "January twenty twenty-six"),
        ("1/5/2026", "January fifth, twenty twenty-six"),
        ("January 5", "January fifth"),
        ("Jan. 5, 2026", "January fifth, twenty twenty-six"),
        ("5 January 2026", "January fifth, twenty twenty-six"),
        ("May 2026", "May twenty twenty-six"),
        ("October 15–December 7", "October fifteenth to December seventh"),
        ("January 1-31", "January first to thirty-first"),
        ("since 1965", "since nineteen sixty-five"),
        ("8 a.m.", "eight AM"),
        ("4:05pm", "four oh five PM"),
        ("8:00 a.m.–8:00 p.m. ET", "eight AM to eight PM Eastern time"),
        ("9:00", "nine o'clock"),
        ("14:30", "fourteen thirty"),
        ("Monday-Friday", "Monday to Friday"),
        ("2026-13-45", "twenty twenty-six thirteen forty-five"),
        ("Oct 15 - Dec 7", "October fifteenth to December seventh"),
        ("October 15 – December 7, 2026", "October fifteenth to December seventh, twenty twenty-six"),
        ("Oct. 15–Dec. 7", "October fifteenth to December seventh"),
        (
            "Jan 1, 2026-Mar 31, 2027",
            "January first, twenty twenty-six to March thirty-first, twenty twenty-seven",
        ),
        ("10/15-12/7", "October fifteenth to December seventh"),
        ("10/45-12/7", "ten over forty-five-December seventh"),
        ("April-June", "April to June"),
        ("2025-26", "twenty twenty-five to twenty-six"),
        ("the 1990s and 2000s", "the nineteen nineties and two thousands"),
        ("8 a.m.-9 p.m.", "eight AM to nine PM"),
        ("8am - 8pm", "eight AM to eight PM"),
        ("9:30-10:30", "nine thirty to ten thirty"),
        ("8 a.m. – noon", "eight AM to noon"),
        ("noon-1 p.m.", "noon to one PM"),
        ("Mon-Fri", "Monday to Friday"),
        ("M–F and C-F", "Monday to Friday and C-F"),
        ("Mon. – Thurs.", "Monday to Thursday"),
    ],
)
def test_dates_and_times(written: str, said: str) -> None:
    assert words(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1-800-633-4227", "one, eight hundred, six three three, four two two seven"),
        ("(800) 772-1213", "eight hundred, seven seven two, one two one three"),
        (
            "877-222-8387 ext. 12",
            "eight seven seven, two two two, eight three eight seven, extension one two",
        ),
        ("555-0199", "five five five, zero one nine nine"),
        ("1-800-MEDICARE", "one, eight hundred, Medicare"),
        ("Dial 988, then press 1", "Dial nine eight eight, then press one"),
        ("text 838255", "text eight three eight two five five"),
        ("TTY 711", "TTY seven one one"),
        ("123-45-6789", "one two three, four five, six seven eight nine"),
        ("+1 800 827 1000", "one, eight hundred, eight two seven, one zero zero zero"),
        ("1-800-MyVA411", "one, eight hundred, My VA four one one"),
        ("1-877-222-VETS (8387)", "one, eight seven seven, two two two, Vets, eight three eight seven"),
    ],
)
def test_phone_numbers(written: str, said: str) -> None:
    assert words(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("10-10EZ", "ten ten EZ"),
        ("VA Form 21-526EZ", "VA Form twenty-one five twenty-six EZ"),
        ("21P-534EZ", "twenty-one P five thirty-four EZ"),
        ("Form 21-22", "Form twenty-one twenty-two"),
        ("21-0966", "twenty-one oh nine sixty-six"),
        ("VA Form 10182", "VA Form one zero one eight two"),
        ("CMS-40B", "CMS forty B"),
        ("CMS-L564", "CMS L five sixty-four"),
        ("DD214", "DD two fourteen"),
        ("42 CFR 17.36", "forty-two CFR seventeen point thirty-six"),
        ("38 CFR § 17.36(b)(2)", "thirty-eight CFR seventeen point thirty-six, B, two"),
        ("38 U.S.C. 1151", "thirty-eight USC eleven fifty-one"),
        ("Title XVIII", "Title eighteen"),
        ("401(k) and 403b", "four oh one K and four oh three B"),
        ("401 kids", "four hundred one kids"),
        ("Section 1862(a)(1)(A)", "Section eighteen sixty-two, A, one, A"),
        ("section 504 and Section 8", "section five oh four and Section eight"),
        ("DD Form 214", "DD Form two fourteen"),
        ("SF 180", "SF one eighty"),
        ("CMS-1500", "CMS fifteen hundred"),
        ("Pub. L. 117-168", "public law one seventeen, one sixty-eight"),
        ("Public Law 117-168", "public law one seventeen, one sixty-eight"),
        ("COVID-19", "COVID nineteen"),
        ("post-9/11", "post-nine eleven"),
    ],
)
def test_forms_laws_and_codes(written: str, said: str) -> None:
    assert words(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://www.medicare.gov/basics?x=1&y=2", "the link on the page"),
        ("See www.va.gov/x.", "See the link on the page"),
        ("See <https://va.gov/x> or <jo@va.gov>", "See the link on the page or jo at VA dot gov"),
        ("va.gov/health-care/apply", "the link on the page"),
        ("VA.gov and Medicare.gov", "VA dot gov and Medicare dot gov"),
        ("988lifeline.org", "nine eight eight lifeline dot org"),
        ("jo.doe@va.gov", "jo dot doe at VA dot gov"),
        ("[the **page**](https://x.gov/a_b)", "the page"),
        ("![a picture](x.png) Yes", "Yes"),
        ("[word](/wˈɜɹd/)", "word"),
        ("It is so [3][4].", "It is so"),
        ("# Title", "Title"),
        ("- **a** and _b_ and `c`", "a and b and c"),
        ("2. Wait", "two, Wait"),
        ("| 2026 | $1 |", "twenty twenty-six, one dollar"),
        ("|---|---:|", ""),
        ("---", ""),
        ("[3]", ""),
        ("😀 → ✓", "to"),
        ("Part A and Parts A, B", "Part eh and Parts eh, B"),
        ("TRICARE & CHAMPVA", "try care and champ VA"),
        ("e.g. copays and/or coinsurance", "for example co-pays and or co-insurance"),
        ("Yes (if so) — no", "Yes, if so, no"),
        ("<b>bold</b> &amp; more", "bold and more"),
        ("Is it?", "Is it?"),
        ("It’s", "It's"),
    ],
)
def test_markup_addresses_and_abbreviations(written: str, said: str) -> None:
    assert words(written) == said


def test_the_texts_of_the_sentences_are_the_answer() -> None:
    said = utterances(ANSWER)
    assert "".join(part.text for part in said) == ANSWER
    assert said[0].words == (
        "The standard Part B premium in twenty twenty-six is two hundred two dollars and ninety cents a month."
    )


def test_places_in_text_and_words_rise_together() -> None:
    for part in utterances(ANSWER):
        assert list(part.places) == sorted(part.places)
        assert all(there <= len(part.text) and here <= len(part.words) for there, here in part.places)


def test_each_word_finds_its_place() -> None:
    text = "It is $202.90 a month [3] now."
    part = say(text)
    place = dict(part.places)
    for word in ("It", "is", "a", "month", "now"):
        assert part.words[place[text.index(word)] :].lstrip().startswith(word)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "agent_configs").rglob("*.md")), ids=lambda path: str(path.stem)
)
def test_every_page_of_ours_is_read_out_in_words_alone(path: Path) -> None:
    text = path.read_text()
    said = utterances(text)
    assert "".join(part.text for part in said) == text
    for part in said:
        assert SAYABLE.fullmatch(part.words), part.words
        assert not re.search(r"\s[,.;:!?]|,,|  ", part.words), part.words


@pytest.mark.parametrize("text", ["See also [2] [3] [4].", " Sources: [1], [2]", "see also [12]. "])
def test_further_reading_is_shown_and_not_said(text: str) -> None:
    assert say(text).words == ""


def test_a_sentence_that_says_something_beside_its_marks_is_said() -> None:
    assert say("See also the page on premiums [2].").words == "See also the page on premiums."
