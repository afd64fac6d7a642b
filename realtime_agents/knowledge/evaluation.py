"""How well a knowledge base finds the right page: questions with known answers, and the usual measures.

Ranks are of documents: a document stands where its best passage stands.
"""

from __future__ import annotations

import collections
import gzip
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.port import KnowledgeBase, Query, SearchMode

DEPTH = 10
"""Documents looked at."""
PASSAGES = 30
"""Passages asked for, so that ten different documents are among them."""
DEADLINE_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question and the documents that answer it."""

    text: str
    relevant: frozenset[str]
    collections: tuple[str, ...] = ()
    """Where it would be searched by someone who knows the area; empty when that is not told."""
    headings: tuple[tuple[str, str], ...] = ()
    """(document, heading) from which the question was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run: for each question the documents found, best first, and how long it took."""

    name: str
    questions: tuple[Judged, ...]
    found: tuple[tuple[str, ...], ...]
    times_ms: tuple[float, ...]

    def hit(self, at: int) -> float:
        """Share of the questions with a right document among the first ``at``."""
        return self._mean(1.0 if rank is not None and rank <= at else 0.0 for rank in self._ranks())

    @property
    def mrr(self) -> float:
        """Mean of one over the rank of the first right document, 0 beyond `DEPTH`."""
        return self._mean(1 / rank if rank else 0.0 for rank in self._ranks())

    @property
    def ndcg(self) -> float:
        """Normalised discounted gain of the first `DEPTH` documents; a document is right or not."""
        return self._mean(
            sum(1 / math.log2(place + 1) for place, name in enumerate(names, 1) if name in q.relevant)
            / sum(1 / math.log2(place + 1) for place in range(1, min(len(q.relevant), DEPTH) + 1))
            for q, names in zip(self.questions, self.found, strict=True)
        )

    def percentile_ms(self, percent: int) -> float:
        """Time of a search, embedding the question included."""
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0

    def _ranks(self) -> Iterator[int | None]:
        for question, names in zip(self.questions, self.found, strict=True):
            yield next((place for place, name in enumerate(names, 1) if name in question.relevant), None)

    def _mean(self, values: Iterator[float]) -> float:
        return sum(values) / len(self.questions) if self.questions else 0.0


def overlap(first: Outcome, second: Outcome, at: int = 5) -> float:
    """Mean share of the first ``at`` documents that two runs have in common."""
    shares = [
        len(set(a[:at]) & set(b[:at])) / max(len(a[:at]), len(b[:at]), 1)
        for a, b in zip(first.found, second.found, strict=True)
    ]
    return sum(shares) / len(shares) if shares else 0.0


async def run(
    kb: KnowledgeBase,
    questions: Sequence[Judged],
    *,
    name: str,
    mode: SearchMode = "hybrid",
    rerank: int = 0,
    by_collection: bool = False,
) -> Outcome:
    """Ask every question once, one after the other."""
    found: list[tuple[str, ...]] = []
    times: list[float] = []
    for question in questions:
        query = Query(
            text=question.text,
            collections=question.collections if by_collection else (),
            limit=PASSAGES,
            mode=mode,
            deadline_ms=DEADLINE_MS,
            rerank=rerank,
        )
        started = time.perf_counter()
        result = await kb.search(query)
        times.append((time.perf_counter() - started) * 1000)
        found.append(tuple(dict.fromkeys(hit.passage.document_id for hit in result.hits))[:DEPTH])
    return Outcome(name=name, questions=tuple(questions), found=tuple(found), times_ms=tuple(times))


def read_questions(path: Path) -> tuple[Judged, ...]:
    """Questions of a JSONL file; ambiguous ones are left out.

    A line holds ``question`` and ``gold_ids`` (the ids of the documents that answer it), and may hold
    ``area`` (its collection), ``ambiguous`` and ``headings``. Raises `DocumentError` naming the line.
    """
    questions: list[Judged] = []
    try:
        with opened(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and (question := _judged(line, path, number)):
                    questions.append(question)
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"The questions {path} cannot be read: {error}.") from error
    if not questions:
        raise DocumentError(f"There are no questions in {path}.")
    return tuple(questions)


def _judged(line: str, path: Path, number: int) -> Judged | None:
    try:
        data: Mapping[str, Any] = json.loads(line)
        if data.get("ambiguous"):
            return None
        return Judged(
            text=str(data["question"]),
            relevant=frozenset(str(name) for name in data["gold_ids"]),
            collections=(str(data["area"]),) if data.get("area") else (),
            headings=tuple((str(h["record_id"]), str(h["text"])) for h in data.get("headings", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocumentError(
            f"{path}:{number}: expected a line with 'question' and 'gold_ids', found something else."
        ) from error


def opened(path: Path) -> IO[str]:
    """A text file, packed with gzip or not."""
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def without_headings(corpus: Path, questions: Sequence[Judged], folder: Path) -> None:
    """Copy JSONL files, the headings that are the questions deleted wherever their documents have them."""
    headings: dict[str, set[str]] = collections.defaultdict(set)
    for question in questions:
        for name, text in question.headings:
            headings[name].add(text)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted([*corpus.glob("*.jsonl"), *corpus.glob("*.jsonl.gz")]):
        with opened(source) as lines, (folder / source.name.removesuffix(".gz")).open("w") as out:
            for line in lines:
                record = json.loads(line)
                # Longest first: one heading may be part of another.
                for text in sorted(headings.get(record["id"], ()), key=len, reverse=True):
                    record["text"] = record["text"].replace(text, "")
                out.write(json.dumps(record) + "\n")


def table(outcomes: Sequence[Outcome]) -> str:
    """The measures of several runs, a line each."""
    lines = [f"{'':34} | hit@1 | hit@5 | MRR@10 | nDCG@10 | p50 ms | p95 ms"]
    lines += [
        f"{o.name:34} | {o.hit(1):.3f} | {o.hit(5):.3f} | {o.mrr:.3f}  | {o.ndcg:.3f}   |"
        f" {o.percentile_ms(50):6.1f} | {o.percentile_ms(95):6.1f}"
        for o in outcomes
    ]
    return "\n".join(lines)
