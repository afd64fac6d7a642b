"""How many answers cite the right page: real agency pages, real questions, the whole way through.

Every question goes through agents, handoff, tools, knowledge base and the local engine, as
``ask --file`` does it. The questions are headings of their gold pages, so those headings are
removed from the text before it is indexed. Floor: half of the questions.

The corpus and the questions are test input that is not part of the project; without them this
says so and ends. The index is kept in ``.cache`` and reused while nothing changed.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import gzip
import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.goals import CORPUS, QUESTIONS, Goals, need
from realtime_agents import settings as settings_module
from realtime_agents.answer import Answer, answer_to
from realtime_agents.knowledge.ingest import ingest_path
from realtime_agents.runtime import Runtime
from realtime_agents.settings import ROOT

CACHE = ROOT / ".cache" / "answers"
FLOOR_PERCENT = 50.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its outcome."""

    question: dict[str, Any]
    answer: Answer

    @property
    def cites_gold(self) -> bool:
        gold = set(self.question["gold_ids"])
        return any(c.document_id in gold for c in self.answer.citations)


def read_questions() -> list[dict[str, Any]]:
    """The development questions with gold ids; ends the program when they are not there."""
    need(CORPUS, QUESTIONS)
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines() if line.strip()]


def write_corpus(folder: Path, questions: list[dict[str, Any]]) -> None:
    """The corpus as JSON lines, each question's own heading deleted from its gold records."""
    headings: dict[str, list[str]] = collections.defaultdict(list)
    for question in questions:
        for heading in question["headings"]:
            headings[heading["record_id"]].append(heading["text"])
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(CORPUS.glob("*.jsonl.gz")):
        with (folder / source.stem).open("w", encoding="utf-8") as out:
            for record in _records(source):
                # Longest first: one heading may be part of another.
                for text in sorted(headings.get(record["id"], ()), key=len, reverse=True):
                    record["text"] = record["text"].replace(text, "")
                out.write(json.dumps(record) + "\n")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


async def ask_all(questions: list[dict[str, Any]], agent: str | None) -> list[Asked]:
    """Ingest the corpus if needed and ask every question in a conversation of its own."""
    settings = replace(settings_module.load({}), data_dir=CACHE, engine_words_per_s=0.0)
    corpus = CACHE / "corpus"
    write_corpus(corpus, questions)
    outcome: list[Asked] = []
    async with Runtime.opened(settings, local_engine=True, keep_history=False) as runtime:
        report = await ingest_path(runtime.knowledge, corpus, "documents")
        if report.passages:
            print(
                f"indexed {report.passages} passages of {len(report.added) + len(report.updated)} documents"
            )
        await runtime.refresh()
        for question in questions:
            session = await runtime.open_session(settings.scenario, agent)
            try:
                await session.send_text(question["question"])
                await asyncio.wait_for(session.wait_idle(), 60)
                outcome.append(Asked(question, answer_to(session.snapshot().turns)))
            finally:
                await runtime.registry.close(session.id)
    return outcome


def print_table(rows: list[Asked]) -> None:
    """Share of answers that cite a gold record, by kind of question."""
    clear = [r for r in rows if not r.question["ambiguous"]]
    groups = {
        "all": rows,
        "unambiguous": clear,
        "unambiguous, VA": [r for r in clear if r.question["area"] == "va"],
        "unambiguous, Medicare": [r for r in clear if r.question["area"] == "medicare"],
    }
    print(f"{'questions':24} | {'n':>4} | cites gold | abstained | first word p50 ms | total p50 ms")
    for name, group in groups.items():
        if not group:
            continue
        first = statistics.median(r.answer.first_token_ms or 0 for r in group)
        total = statistics.median(r.answer.total_ms or 0 for r in group)
        print(
            f"{name:24} | {len(group):4} | {_share(r.cites_gold for r in group):>10} |"
            f" {_share(r.answer.abstained for r in group):>9} | {first:17.0f} | {total:12.0f}"
        )


def _share(flags: Iterator[bool]) -> str:
    values = list(flags)
    return f"{100 * sum(values) / len(values):.1f} %"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", help="ask this agent; without it the scenario's first, which hands over")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    parser.add_argument(
        "--misses", action="store_true", help="print the questions whose answer misses the gold page"
    )
    arguments = parser.parse_args()
    rows = asyncio.run(ask_all(read_questions()[: arguments.limit], arguments.agent))
    print_table(rows)
    goals = Goals()
    cited = sum(row.cites_gold for row in rows)
    goals.least("answers that cite the right page", 100 * cited / len(rows), FLOOR_PERCENT, " %")
    if arguments.misses:
        for row in rows:
            if not row.cites_gold and not row.question["ambiguous"]:
                pages = [c.document_id for c in row.answer.citations]
                print(
                    f"\n{row.question['id']} {row.question['question']}\n  gold {row.question['gold_ids']} cited {pages}"
                )
                print(f"  {[h.target for h in row.answer.handoffs]} {row.answer.text[:200]!r}")
    return int(goals.missed)


if __name__ == "__main__":
    sys.exit(main())
