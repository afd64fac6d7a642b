"""Bytes of a file as text: what marks its start, what it declares, else UTF-8. Pure."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_KNOWN = re.compile(
    r"(?:utf-?8|utf-?16(?:le|be)?|us-?ascii|latin-?1|iso-?8859-?\d{1,2}|(?:windows-?|cp)125\d|koi8-?[ru]"
    r"|shift[-_]?jis|euc-?(?:jp|kr)|gb(?:k|2312|18030)|big5|macintosh)",
    re.IGNORECASE,
)
"""Only character sets: Python knows codecs that unpack and compute as well."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, charset: str = "") -> tuple[str, int]:
    """The text, and how many characters were replaced because they fit no rule.

    ``charset`` is what a server declared, or ``html`` to look for what the page declares itself.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], name)
    if not _KNOWN.fullmatch(charset):
        declared = _DECLARED.search(data[:4096]) if charset else None
        charset = declared[1].decode("ascii") if declared else ""
    text, replaced = _replacing(data, "utf-8")
    wide = charset.lower().startswith("utf-16")
    if (replaced or wide) and _KNOWN.fullmatch(charset):
        # What fits UTF-8 is UTF-8: servers often declare something else out of habit.
        try:
            return data.decode(_python_name(charset)), 0
        except (UnicodeDecodeError, LookupError):
            pass
    return text, replaced


def _replacing(data: bytes, name: str) -> tuple[str, int]:
    try:
        return data.decode(name), 0
    except UnicodeDecodeError:
        text = data.decode(name, "replace")
        return text, text.count("\ufffd")


def _python_name(charset: str) -> str:
    """What browsers take a name for: Latin-1 is read as the larger Windows-1252."""
    plain = charset.lower()
    return "cp1252" if plain in {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"} else plain
