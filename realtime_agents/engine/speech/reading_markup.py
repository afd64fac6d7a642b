"""Markdown, addresses, marks and abbreviations, as they are said."""

from __future__ import annotations

import re
from typing import Final

from realtime_agents.engine.speech.number_words import cardinal, digits
from realtime_agents.engine.speech.reading import Match, reading

LINK: Final = "the link on the page"

_TOP_LEVEL: Final = r"(?:gov|com|org|net|edu|mil|us)"
_INITIALS: Final = frozenset(
    {"va", "ssa", "cms", "hhs", "irs", "opm", "dol", "nih", "cdc", "faq", "va-forms"}
)
_SPELT_SIGNS: Final = {".": " dot ", "_": " underscore ", "-": " dash ", "+": " plus "}

_INSTEAD: Final = {
    "e.g.": "for example",
    "E.g.": "For example",
    "i.e.": "that is",
    "I.e.": "That is",
    "vs.": "versus",
    "vs": "versus",
    "etc.": "and so on",
    "approx.": "about",
    "w/o": "without",
    "w/": "with",
    "U.S.C.": "USC",
    "U.S.": "US",
    "C.F.R.": "CFR",
    "TRICARE": "try care",
    "CHAMPVA": "champ VA",
    "IRMAA": "irma",
    "HICAP": "high cap",
    "Rx": "RX",
    "copay": "co-pay",
    "copays": "co-pays",
    "copayment": "co-payment",
    "copayments": "co-payments",
    "coinsurance": "co-insurance",
    "Sec.": "section",
    "Pub.": "publication",
    "Ch.": "chapter",
}
"""Written so, said so; the voice would spell some of these and stumble over others."""


_PER: Final = {"mo": "month", "yr": "year", "wk": "week", "hr": "hour"}


def _domain(name: str) -> str:
    parts = [part.upper() if part.lower() in _INITIALS else part for part in name.split(".")]
    said = " dot ".join(parts).replace("-", " dash ")
    return re.sub(r"\d+", lambda figures: f" {digits(figures.group())} ", said)


def _email(match: Match) -> str:
    name = re.sub(r"[._+-]", lambda sign: _SPELT_SIGNS[sign.group()], match["name"])
    return f"{name} at {_domain(match['domain'])}"


MARKUP_READINGS: Final = (
    # Further reading is for the eye: "See also [2] [3]." would be said as two words without an object.
    reading(r"^\s*(?:See also|Sources?:?)(?:[\s,]*\[\d+\])+\.?\s*$", "", re.IGNORECASE),
    reading(r"\s*\[\d+\]", ""),
    reading(r"<(?=https?://|[\w.+-]+@)", ""),  # around an address, as in Markdown
    reading(r"<!--.*?-->|</?[A-Za-z][^<>]{0,80}>", " ", re.DOTALL),
    reading(r"```\w*", " "),
    reading(r"^[ \t]*\|?[ \t:|-]*-{2,}[ \t:|-]*$", "", re.MULTILINE),  # a table's rule, or a line
    reading(r"^\s*[-*+–](?=\s)", "", re.MULTILINE),
    reading(
        r"^\s*(\d{1,3})[.)](?=\s)",
        lambda m: f"{cardinal(int(m[1]))}," if int(m[1]) < 100 else None,
        re.MULTILINE,
    ),
    reading(r"!\[[^\]]*\]\([^)]*\)", " "),
    # A link: its words are said, its address is not.
    reading(r"\[(?=[^\[\]]+\]\()", ""),
    reading(r"\]\([^)]*\)", ""),
    reading(r"\((?=https?://|www\.)", ", "),
    reading(r"(?:https?://|www\.)[^\s<>|]*[^\s<>|.,;:!?)\]\"'”’*_]", LINK),
    reading(r"(?<![\w@.-])(?:[\w-]+\.)+" + _TOP_LEVEL + r"/[\w%~#?&=./-]*[\w/]", LINK, re.IGNORECASE),
    reading(r"(?P<name>[A-Za-z0-9][\w.+-]*)@(?P<domain>[\w-]+(?:\.[\w-]+)+)", _email),
    reading(
        r"(?<![\w@.-])(?:www\.)?((?:[\w-]+\.)+" + _TOP_LEVEL + r")(?![\w-])",
        lambda m: _domain(m[1]),
        re.IGNORECASE,
    ),
    reading(
        r"(?<![\w.])(?:" + "|".join(sorted(map(re.escape, _INSTEAD), key=len, reverse=True)) + r")(?!\w)",
        lambda m: _INSTEAD[m.group()],
    ),
    reading(r"\b(Parts?|Plans?) A\b(?!['’]\w{2})", lambda m: f"{m[1]} eh"),
    reading(r"&(?:amp;)?", " and "),
    reading(r"&nbsp;", " "),
    reading(r"\s(?:-{1,3}|/)\s", ", "),
    reading(r"\band/or\b", "and or"),
    reading(r"(?<=[\w%])/(?=(?:day|week|month|year|hour|visit|person|stay|quarter)\b)", " a "),
    reading(r"(?<=[\w%])/(mo|yr|wk|hr)\b\.?", lambda m: f" a {_PER[m[1]]}"),
    reading(r"(?<=[A-Za-z])/(?=[A-Za-z])|(?<=\d)/(?=\$)", " or "),
)
