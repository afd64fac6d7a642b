"""Phone numbers, forms, sections of law and other codes, as they are said."""

from __future__ import annotations

import re
from typing import Final

from realtime_agents.engine.speech.number_words import cardinal, digits, ordinal, spelled, year
from realtime_agents.engine.speech.reading import Match, reading

_RUNS: Final = re.compile(r"\d+|[^\W\d]+")
_WORDS: Final = re.compile(r"\d+|[A-Z][a-z]+|[A-Z]+(?![a-z])")
_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50}
_LAW: Final = {"C": "CFR", "U": "USC"}
_EXTENSION: Final = r"(?:,?\s(?:ext\.?|extension|x)\s?(?P<extension>\d{1,6}))?"


def _group(figures: str) -> str:
    """``"800"`` → "eight hundred", ``"633"`` → "six three three"."""
    if len(figures) == 3 and figures[1:] == "00" and figures[0] != "0":
        return cardinal(int(figures))
    return digits(figures)


def _phone(match: Match) -> str:
    groups = [digits(match["country"])] if match["country"] else []
    groups += [_group(match[name]) for name in ("area", "office", "line") if match[name]]
    if match["extension"]:
        groups.append(f"extension {digits(match['extension'])}")
    return ", ".join(groups)


def _word_phone(match: Match) -> str:
    """``1-800-MEDICARE`` → "one, eight hundred, Medicare", ``877-222-VETS (8387)`` with the keys to press."""
    words = [
        digits(part) if part.isdigit() else part.capitalize() if len(part) > 3 else part
        for part in _WORDS.findall(match["word"])
    ]
    groups = [_group(match[name]) for name in ("area", "office") if match[name]]
    keys = [digits(match["keys"])] if match["keys"] else []
    return ", ".join([*(["one"] if match["country"] else []), *groups, " ".join(words), *keys])


def _public_law(match: Match) -> str:
    return f"public law {spelled(match[1])}, {spelled(match[2])}"


def _law(match: Match) -> str:
    section = _section(match["section"])
    return (
        f"{cardinal(int(match['title']))} {_LAW[match['law'][0]]} {'part ' if match['part'] else ''}{section}"
    )


def _section(name: str) -> str:
    """``"17.36(b)(2)"`` → "seventeen point thirty-six, B, two"."""
    number, *inside = re.findall(r"[^()]+", name)
    parts = [" ".join(_run(run) for run in _RUNS.findall(part)) for part in number.split(".")]
    return ", ".join([" point ".join(parts), *(_run(part) for part in inside)])


def _run(run: str) -> str:
    return spelled(run) if run.isdecimal() and run.isascii() else " ".join(run.upper())


def _code(match: Match) -> str | None:
    """``"21-526EZ"`` → "twenty-one five twenty-six EZ", ``"65-year-old"`` → "sixty-five-year-old"."""
    code = match.group()
    if not code.isascii() or not any(c.isdigit() for c in code):
        return None
    parts = code.split("-")
    if any(re.fullmatch(r"[A-Za-z][a-z]+", part) for part in parts):
        return "-".join(_compound_part(part) for part in parts)
    if len(parts) == 1 and code.isdigit():
        return None
    return " ".join(spelled(run) if run.isdigit() else run for part in parts for run in _RUNS.findall(part))


def _compound_part(part: str) -> str:
    if part.isdigit():
        return year(int(part)) if re.fullmatch(r"(?:19|20)\d\d", part) else cardinal(int(part))
    if (numbered := re.fullmatch(r"(\d+)(?:st|nd|rd|th)", part)) is not None:
        return ordinal(int(numbered[1]))
    return " ".join(spelled(run) if run.isdigit() else run for run in _RUNS.findall(part))


def _roman(match: Match) -> str:
    values = [_ROMAN[letter] for letter in match[2]]
    total = sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))
    return f"{match[1]} {cardinal(total)}"


PUBLIC_LAW: Final = reading(
    r"\b(?:Public\sLaw|Pub\.\s?L\.|P\.\s?L\.|PL)(?:\sNo\.)?\s(\d{2,3})-(\d{1,3})(?![\w-])", _public_law
)
CODE_READINGS: Final = (
    reading(
        r"(?<![\w.-])(?:\+?(?P<country>1)[-.\s]?)?\(?(?P<area>\d{3})(?:\)\s?|[-.\s])(?P<office>\d{3})[-.\s](?P<line>\d{4})"
        r"(?![\w-]*\d)" + _EXTENSION,
        _phone,
    ),
    reading(
        r"(?<![\w.-])(?P<country>)(?P<area>)(?P<office>\d{3})-(?P<line>\d{4})(?![\w-])" + _EXTENSION, _phone
    ),
    reading(
        r"(?<![\w.-])(?P<country>1-)?(?P<area>8\d\d)-(?:(?P<office>\d{3})-)?(?P<word>(?:[A-Z][a-z]*)+\d{0,3}(?:-[A-Z]+)*)\b"
        r"(?:\s\((?P<keys>\d{3,4})\))?",
        _word_phone,
    ),
    reading(r"(?<![\w,.$-])(?:988|911|711|[2-4]11)(?![\w%]|[.,-]\d)", lambda m: digits(m.group())),
    reading(r"(?<![\w-])(\d{3})-(\d\d)-(\d{4})(?![\w-])", lambda m: ", ".join(map(digits, m.groups()))),
    reading(
        r"\b(?P<title>\d{1,2})\s(?P<law>CFR|C\.F\.R\.|USC|U\.S\.C\.)\s(?:§+\s?|[Ss]ections?\s|(?P<part>[Pp]arts?)\s)?"
        r"(?P<section>\d+[a-z]?(?:\.\d+[a-z]?)?(?:\(\w{1,4}\))*)",
        _law,
    ),
    reading(r"§+\s?(\d+[a-z]?(?:\.\d+[a-z]?)?(?:\(\w{1,4}\))*)", lambda m: f"section {_section(m[1])}"),
    reading(
        r"\b([Ss]ections?)\s(\d{3,4}[a-z]?(?:\(\w{1,4}\))*|\d{1,2}(?:\(\w{1,4}\))+)(?![\w%]|[.,-]\d)",
        lambda m: f"{m[1]} {_section(m[2])}",
    ),
    reading(
        r"\b40([13])(?:\s?\(([kb])\)|([kb])\b)",
        lambda m: f"four oh {cardinal(int(m[1]))} {(m[2] or m[3]).upper()}",
        re.IGNORECASE,
    ),
    reading(r"\b(Title|Chapter|Part|War|Type|Article|Phase) ([IVXL]{2,}|[IVX])\b(?!['’.]?\w)", _roman),
    reading(
        r"\b(?P<form>[Ff]orms?(?: number)?,?\s)(?P<code>\d{2}[A-Z]?-\d{1,5}[A-Za-z]*|\d{3,5}[A-Z]*)\b",
        lambda m: m["form"] + " ".join(spelled(r) if r.isdigit() else r for r in _RUNS.findall(m["code"])),
    ),
    reading(r"\b(SF|DD|DA|OF) (\d{2,4})\b", lambda m: f"{m[1]} {spelled(m[2])}"),
)
ANY_CODE: Final = reading(
    r"(?<![\w$.,-])(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z]|\d+-)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![\w$%]|[.,]\d)",
    _code,
)
