"""Turns the tool outputs of a turn into an answer: what a tool says, else sentences of its sources.

Nothing is made up: beside the fixed phrases every word comes out of an output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime_agents.engine.dialogue import phrases
from realtime_agents.engine.dialogue.extract import MAX_WORDS, Picked, SourceText, has_amount, pick_sentences
from realtime_agents.engine.dialogue.language import is_spanish
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.sentences import plain, speakable_sentences, split_sentences
from realtime_agents.engine.dialogue.slots import find_year
from realtime_agents.engine.dialogue.text import clip_words, overlap, spoken_name
from realtime_agents.engine.dialogue.view import Call, Prompt, ToolSpec, parse_object

SUPPORT_FLOOR = 0.8
"""A sentence is added to what a tool says only when it answers this well, and brings no other figure."""
SUPPORT_MAX_SAID_WORDS = 45
MAX_SAYS = 2
SAME_SAYING = 0.7
SHORT_TEXT_WORDS = 60
MAX_DESCRIBED = 12
MAX_SOURCES = 20
MAX_SOURCE_CHARS = 8_000
_TEXT_FIELDS = ("text", "content", "passage", "snippet", "body", "page_content", "chunk")
_LIST_FIELDS = ("results", "passages", "documents", "hits", "matches", "items", "data")
MAX_CITED = 4
"""Passages an answer points to in all; those it does not quote are named as further reading."""
_FIGURE = re.compile(r"\d")
_MARK = re.compile(r"\[(\d+)\]")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_MONTHS = "January February March April May June July August September October November December"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A tool output, read. Outputs of foreign tools get the outcome ``ok`` or ``error``."""

    outcome: str
    say: str = ""
    message: str = ""
    sources: tuple[SourceText, ...] = ()
    description: str = ""
    """What a foreign output holds, in words; empty for the format with ``outcome``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is being answered, and for whom."""

    text: str
    prompt: Prompt
    tools: tuple[ToolSpec, ...]

    @property
    def year(self) -> int | None:
        return find_year(self.text, self.prompt.today)


def compose(question: Question, calls: Sequence[Call], semantics: Semantics) -> str:
    """The answer to ``question`` out of the calls made for it."""
    outputs = [read_output(call.output) for call in calls if call.output is not None]
    if not outputs:
        return phrases.STILL_WAITING
    good = [o for o in outputs if o.outcome == "ok"]
    says = _distinct([o.say for o in good if o.say])
    if says:
        return _with_support(question, says, good, semantics)
    for output in outputs:
        if output.outcome == "not_held":
            return output.say or output.message or phrases.not_held(question.year)
        if output.outcome == "needs_input":
            return output.say or output.message or phrases.ask_for("one more detail")
    if answer := _from_sources(question, good, semantics):
        return answer
    if described := [o.description for o in good if o.description]:
        return phrases.found(" ".join(described))
    if all(o.outcome == "error" for o in outputs):
        return phrases.failed(clip_words(plain(outputs[0].message), 25))
    return phrases.not_found(question.prompt, question.tools)


def compose_in_spanish(calls: Sequence[Call], limit: int) -> str:
    """Says that only English is understood, and up to ``limit`` Spanish sentences that sources hold about help in Spanish."""
    sources = [s for call in calls if call.output is not None for s in read_output(call.output).sources]
    found = [
        _with_mark(sentence.text, source)
        for source in sources
        for sentence in speakable_sentences(source.text)
        if is_spanish(sentence.text)
    ]
    return " ".join([phrases.ONLY_ENGLISH, *found[:limit]])


def opening(calls: Sequence[Call]) -> str:
    """What `compose` begins with whatever else it finds: the words of the tools; empty when they have none.

    It is known at once, while sentences that support it have yet to be compared by meaning.
    """
    outputs = [read_output(call.output) for call in calls if call.output is not None]
    return " ".join(_distinct([o.say for o in outputs if o.outcome == "ok" and o.say]))


def compose_parts(parts: Sequence[Question], calls: Sequence[Call], semantics: Semantics) -> str:
    """The answers to the questions of one message, one after the other; empty unless each had calls of its own."""
    answers: list[str] = []
    unknown: list[str] = []
    for part in parts:
        own = [call for call in calls if part.text in (parse_object(call.arguments) or {}).values()]
        if not own:
            return ""
        answer = compose(part, own, semantics)
        if answer == phrases.not_found(part.prompt, part.tools):
            unknown.append(part.text)
        else:
            answers.append(answer)
    if not answers:
        return ""
    return " ".join([*answers, *(phrases.nothing_on(text) for text in unknown)])


def is_empty(calls: Sequence[Call]) -> bool:
    """True when all calls came back and none found anything."""
    outputs = [read_output(call.output) for call in calls if call.output is not None]
    return len(outputs) == len(calls) > 0 and all(o.outcome == "not_found" for o in outputs)


def read_output(text: str) -> Output:
    """Any tool output: the JSON format with ``outcome``, other JSON, or plain text."""
    try:
        found = json.loads(text)
    except ValueError:
        return _read_text(text)
    if isinstance(found, dict) and isinstance(found.get("outcome"), str):
        return Output(
            outcome=found["outcome"],
            say=plain(_string(found.get("say"))),
            message=_string(found.get("message")),
            sources=_sources(found.get("sources"), numbered=True),
            description=_describe(found.get("data")) if not found.get("sources") else "",
        )
    return _read_foreign(found)


def _read_text(text: str) -> Output:
    if len(text.split()) <= SHORT_TEXT_WORDS:
        return Output(outcome="ok" if text.strip() else "not_found", say=plain(text))
    return Output(outcome="ok", sources=_sources([{"text": text}], numbered=False))


def _read_foreign(found: Any) -> Output:
    if isinstance(found, str):
        return _read_text(found)
    if isinstance(found, Mapping) and found.get("error"):
        return Output(outcome="error", message=_string(found["error"]) or _describe(found["error"]))
    listed = found if isinstance(found, list) else None
    if isinstance(found, Mapping):
        listed = next((found[k] for k in _LIST_FIELDS if isinstance(found.get(k), list)), None)
    sources = _sources(listed, numbered=False)
    if sources:
        return Output(outcome="ok", sources=sources)
    description = _describe(found)
    return Output(outcome="ok" if description else "not_found", description=description)


def _sources(found: Any, *, numbered: bool) -> tuple[SourceText, ...]:
    rows = [row for row in found[:MAX_SOURCES] if isinstance(row, Mapping)] if isinstance(found, list) else []
    sources = []
    for rank, row in enumerate(rows):
        text = next((t for k in _TEXT_FIELDS if (t := _string(row.get(k)))), "")
        quote = _string(row.get("quote"))
        number = row.get("n")
        if not (text or quote) or (numbered and not isinstance(number, int)):
            continue
        sources.append(
            SourceText(
                n=number if numbered and isinstance(number, int) else -rank,
                title=_string(row.get("title")),
                section=_string(row.get("section")),
                text=(text or quote)[:MAX_SOURCE_CHARS],
                quote=quote,
                as_of=_string(row.get("as_of")),
                rank=rank,
            )
        )
    return tuple(sources)


def _with_support(question: Question, says: list[str], good: Sequence[Output], semantics: Semantics) -> str:
    answer = " ".join(says)
    sources = [s for o in good if not o.say for s in o.sources]
    if len(answer.split()) <= SUPPORT_MAX_SAID_WORDS:
        picked = pick_sentences(question.text, sources, semantics, limit=1, said=answer)
        if (
            picked
            and picked[0].score >= SUPPORT_FLOOR
            and not _FIGURE.search(_YEAR.sub("", picked[0].sentence))
        ):
            answer = f"{answer} {_cited(picked[0])}"
    return _see_also(answer, sources)


def _from_sources(question: Question, good: Sequence[Output], semantics: Semantics) -> str:
    picked = pick_sentences(question.text, [s for o in good for s in o.sources], semantics)
    if not picked:
        return ""
    answer = " ".join(_cited(p) for p in picked)
    year = question.year
    amounts = [p for p in picked if has_amount(p.sentence)]
    if year and amounts and not any(_holds_for(p, year) for p in amounts):
        answer = f"{phrases.other_year(year)} {answer}"
    return _see_also(answer, [s for o in good for s in o.sources])


def _see_also(answer: str, sources: Sequence[SourceText]) -> str:
    """The answer with the best ranked passages that it did not quote, as further reading."""
    cited = {int(number) for number in _MARK.findall(answer)}
    room = MAX_CITED - len(cited)
    more = [s.n for s in sorted(sources, key=lambda s: s.rank) if s.n > 0 and s.n not in cited]
    if room <= 0 or not more:
        return answer
    return f"{answer} {phrases.see_also(more[:room])}"


def _cited(picked: Picked) -> str:
    """The sentence with its number; an amount without a year gets the date of its source."""
    sentence = picked.sentence
    if has_amount(sentence) and not _YEAR.search(sentence) and picked.source.as_of:
        body, mark = (sentence[:-1], sentence[-1]) if sentence[-1:] in ".!" else (sentence, ".")
        sentence = f"{body} (as of {spoken_date(picked.source.as_of)}){mark}"
    return _with_mark(sentence, picked.source)


def _with_mark(sentence: str, source: SourceText) -> str:
    return f"{sentence} [{source.n}]" if source.n > 0 else sentence


def _holds_for(picked: Picked, year: int) -> bool:
    years = _YEAR.findall(picked.sentence) or [picked.source.as_of[:4]]
    return str(year) in years


def spoken_date(text: str) -> str:
    """``2026-01`` → ``January 2026``; anything else is left as it is."""
    match = re.match(r"(\d{4})-(\d{2})(?:-(\d{2}))?$", text)
    if not match or not 1 <= int(match[2]) <= 12:
        return text
    day = f" {int(match[3])}," if match[3] else ""
    return f"{_MONTHS.split()[int(match[2]) - 1]}{day} {match[1]}"


def _distinct(says: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for say in says:
        if all(overlap(say, other) < SAME_SAYING for other in kept):
            kept.append(say)
    return kept[:MAX_SAYS]


def _describe(value: Any, depth: int = 0) -> str:
    """A JSON value in words: ``temperature 21, condition sunny``."""
    match value:
        case None | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            pairs = [
                (spoken_name(str(k)), _describe(v, depth + 1)) for k, v in list(value.items())[:MAX_DESCRIBED]
            ]
            text = ", ".join(f"{name} {words}" for name, words in pairs if words)
        case list():
            text = "; ".join(w for one in value[:3] if (w := _describe(one, depth + 1)))
        case _:
            text = plain(str(value))
    if depth:
        return text
    return _whole_sentences(text) + ("." if text and text[-1] not in ".!?" else "")


def _whole_sentences(text: str) -> str:
    kept: list[str] = []
    for sentence in split_sentences(text):
        if kept and sum(len(k.split()) for k in kept) + len(sentence.split()) > MAX_WORDS:
            break
        kept.append(sentence)
    return clip_words(" ".join(kept), MAX_WORDS)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
