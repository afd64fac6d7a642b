"""The tools that come with the app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from realtime_agents.errors import KnowledgeError, ToolError
from realtime_agents.knowledge.facts import FactMatch, FactValue
from realtime_agents.knowledge.port import Hit, Query
from realtime_agents.tools.registry import Source, ToolContext, ToolRegistry, ToolResult, tool

MAX_PASSAGES = 6
MIN_COSINE = 0.64
"""Best raw cosine below which no passage is about the question (bge-small). Measured with the shipped
pages, and with 1,470 agency pages beside them: of 32 colloquial questions none lay below, of 248
literal ones none; of 30 about something else 27 and 23 did, the rest being near, such as mortgages."""

# "in 2019", "2025?", not "$2,000", "$2000", "DD-2019" or "2030.50".
_YEAR = re.compile(r"(?<![\w$.,-])(?:19|20)\d\d(?![\w-]|[.,]\d)")


@tool()
async def search_knowledge(
    context: ToolContext,
    query: Annotated[str, "The person's question in full words, with its subject, as a search."],
    topic: Annotated[str | None, "The subject in one or two words, when the question leaves it out."] = None,
) -> ToolResult:
    """Search the knowledge base for passages that answer a question about Medicare or VA benefits: rules,
    coverage, eligibility, how to apply, appeals. Returns numbered passages with their date."""
    text = f"{topic}: {query}" if topic else query
    if not text.strip():
        raise ToolError("'query' is empty: give the person's question.")
    if not context.collections:
        return ToolResult(outcome="not_found", row="nothing to search")
    search = Query(
        text=text,
        collections=context.collections,
        in_force_on=_day(text, context.today),
        limit=MAX_PASSAGES,
    )
    try:
        found = await context.knowledge.search(search)
    except KnowledgeError:
        raise ToolError("The knowledge base did not answer.") from None
    data = {"top_cosine": _rounded(found.top_cosine), "degraded": list(found.degraded)}
    how = _how(found.degraded)
    # Without the vector leg there is no measure of closeness: the words that matched decide.
    far = found.top_cosine is not None and found.top_cosine < MIN_COSINE
    if far or not found.hits:
        row = f"nothing found, {how}" if how else "nothing found"
        return ToolResult(outcome="not_found", data=data, row=row)
    count = len(found.hits)
    row = f"{count} passage{'' if count == 1 else 's'}"
    return ToolResult(
        outcome="ok",
        sources=tuple(_passage(hit) for hit in found.hits),
        data=data,
        row=f"{row}, found {how}" if how else row,
    )


@tool()
async def benefit_fact(
    context: ToolContext,
    question: Annotated[
        str, "The person's question in full words, with income, rating or household if given."
    ],
    year: Annotated[int | None, "The benefit year asked for, when the person names one."] = None,
) -> ToolResult:
    """Look up one exact, dated figure or rule: premiums, deductibles, caps, income limits, penalties, enrollment
    dates, VA compensation rates, phone numbers. Call it first when the answer is an amount, a date, a deadline or
    a yes or no that has an official value."""
    match = await asyncio.to_thread(context.facts.find, question, year=year, today=context.today)
    return _from_match(match)


def built_in_tools() -> ToolRegistry:
    """Every tool that agent files may name."""
    return ToolRegistry((search_knowledge, benefit_fact))


def _how(failed: Sequence[str]) -> str:
    """How was searched, when a part of the search did not answer: ``by words only``."""
    if "vector" in failed:
        return "by words only"
    if "lexical" in failed:
        return "by meaning only"
    return "without a second look" if failed else ""


def _day(question: str, today: date) -> str | None:
    """The day on which pages must hold: today, or any when the question names another year."""
    years = {int(year) for year in _YEAR.findall(question)}
    return today.isoformat() if years <= {today.year} else None


def _passage(hit: Hit) -> Source:
    passage = hit.passage
    return Source(
        document_id=passage.document_id,
        passage_id=passage.id,
        title=passage.title,
        section=passage.section,
        url=passage.url,
        as_of=passage.as_of or "",
        quote=passage.summary,
        text=passage.text,
        extra={
            "score": _rounded(hit.score),
            "lexical": _rounded(hit.lexical),
            "cosine": _rounded(hit.cosine),
        },
    )


def _from_match(match: FactMatch) -> ToolResult:
    rows = {
        "ok": "1 value" if len(match.values) == 1 else f"{len(match.values)} values",
        "not_held": "not held for that time",
        "needs_input": "needs more to go on",
        "not_found": "nothing held",
    }
    return ToolResult(
        outcome=match.outcome,
        say=match.say,
        message=match.ask,
        sources=tuple(_fact_source(match, value) for value in match.cited),
        data={
            "fact": match.fact.name if match.fact else "",
            "values": [_plain(value) for value in match.values[:6]],
            "missing": list(match.missing),
            "score": _rounded(match.score),
        },
        row=rows[match.outcome],
    )


def _fact_source(match: FactMatch, value: FactValue) -> Source:
    return Source(
        document_id=value.id,
        title=value.source.title,
        section=value.where,
        url=value.source.url,
        as_of=value.as_of,
        # The sources hold values, not sentences: the card shows what was stated from them.
        quote=match.stated,
        extra={"valid_from": value.valid_from, "valid_to": value.valid_to, "year": value.year},
    )


def _plain(value: FactValue) -> dict[str, object]:
    return {"value": value.value, "unit": value.unit, "year": value.year, "when": dict(value.when)}


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 3)
