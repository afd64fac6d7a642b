"""Time from a typed question to the engine's first event and first word, over the real socket.

    python -m benchmarks.engine_latency [--turns 40] [--words-per-s 0]

A client of the openai package asks, answers tool calls at once from memory, and reads on. The
table shows milliseconds:

* ``call``   question sent → first tool call begins (choice of tools by meaning)
* ``word``   tool outputs sent → first word of the answer (choice of sentences)
* ``total``  question sent → first word, tools answering at once
* ``chat``   greeting sent → first word
* ``agent``  the first question after the agent has changed, sent at once: nothing is warm yet

Target: ``total`` at most 150 ms p50.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from benchmarks.goals import Goals
from realtime_agents.engine.server import EngineConfig, running_engine

TOTAL_P50_MS = 150.0
SCOPE = (
    "Medicare alone: Part A, Part B and Part D; premiums, deductibles and income-related amounts; enrolment periods;"
    " Medigap; Extra Help; hospital, skilled nursing and home health; drug plans; appeals and complaints."
)
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": name,
        "description": description,
        "parameters": {
            "type": "object",
            "properties": {parameter: {"type": "string"}},
            "required": [parameter],
        },
    }
    for name, description, parameter in (
        ("search_knowledge", "Search the knowledge base for passages that answer a question.", "query"),
        ("benefit_fact", "Look up one exact figure: premiums, deductibles, limits, rates.", "question"),
        (
            "transfer_to_va",
            "Benefits from the Department of Veterans Affairs: health care, ratings.",
            "reason",
        ),
    )
]
PASSAGE = (
    "Topic {n} of {subject} is explained here. You can sign up for {subject} during the seven months around your 65th"
    " birthday. The {subject} deductible number {n} is ${n}83 a year. If you disagree with a decision about {subject},"
    " you can file an appeal within 120 days. Your plan must answer within {n}2 days. People with limited income may get"
    " help with the costs of {subject}. Ask the plan which drugs and providers are covered before you join it."
)
SUBJECTS = ("Part A", "Part B", "Part D", "Medigap", "Extra Help", "home health care", "skilled nursing care")
QUESTIONS = (
    "When can I sign up for {subject} in year {n}?",
    "How much is the {subject} deductible number {n}?",
    "How do I file an appeal about {subject} claim {n}?",
    "Who can get help with the costs of {subject} plan {n}?",
)


class Client:
    """Just enough of a Realtime client to take times."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self._connection = connection

    async def send(self, type_: str, **fields: Any) -> None:
        await self._connection.send_raw(json.dumps({"type": type_, **fields}))

    async def until(self, *types: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(await self._connection.recv_bytes())
            if event["type"] == "error":
                raise SystemExit(f"engine: {event['error']['message']}")
            if event["type"] in types:
                return event

    async def say(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        await self.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await self.send("response.create")


def outputs(subject: str, turn: int) -> str:
    """Six new passages: nothing of them can be in a cache."""
    sources = [
        {"n": turn * 10 + i, "title": subject, "section": "", "as_of": "2026-01", "quote": "", "text": text}
        for i in range(1, 7)
        for text in [PASSAGE.format(n=turn * 10 + i, subject=subject)]
    ]
    return json.dumps({"outcome": "ok", "say": "", "sources": sources, "data": {}})


async def ask(client: Client, turn: int) -> tuple[float, float, float]:
    """One question through its tools: call, word and total in ms."""
    subject = SUBJECTS[turn % len(SUBJECTS)]
    question = QUESTIONS[turn % len(QUESTIONS)].format(subject=subject, n=turn)
    began = time.perf_counter()
    await client.say(question)
    await client.until("response.output_item.added")
    called = time.perf_counter()
    response = (await client.until("response.done"))["response"]
    made = [item for item in response["output"] if item["type"] == "function_call"]
    assert made, f"no tool call for {question!r}"
    answered = time.perf_counter()
    for index, item in enumerate(made):
        output = outputs(subject, turn) if index == 0 else '{"outcome":"not_found"}'
        await client.send(
            "conversation.item.create",
            item={"type": "function_call_output", "call_id": item["call_id"], "output": output},
        )
    await client.send("response.create")
    await client.until("response.output_text.delta")
    word = time.perf_counter()
    await client.until("response.done")
    return (called - began) * 1e3, (word - answered) * 1e3, (word - began) * 1e3


async def chat(client: Client) -> float:
    began = time.perf_counter()
    await client.say("hello")
    await client.until("response.output_text.delta")
    took = (time.perf_counter() - began) * 1e3
    await client.until("response.done")
    return took


async def configure(client: Client, scope: str) -> None:
    instructions = f"You are Medicare.\nYour scope: {scope}\nToday is 2026-11-22."
    await client.send(
        "session.update", session={"type": "realtime", "instructions": instructions, "tools": TOOLS}
    )
    await client.until("session.updated")


def row(name: str, values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return f"{name:<8}{len(values):>6}{statistics.median(values):>9.1f}{p95:>9.1f}{ordered[-1]:>9.1f}"


async def measure(turns: int, words_per_s: float) -> dict[str, Sequence[float]]:
    """Milliseconds of each row of the table."""
    async with (
        running_engine(EngineConfig(words_per_s=words_per_s)) as url,
        AsyncOpenAI(base_url=url, api_key="x") as api,
        api.realtime.connect(
            model="local-engine",
            websocket_connection_options={"proxy": None},  # type: ignore[typeddict-unknown-key]  # passed on
        ) as connection,
    ):
        client = Client(connection)
        await configure(client, SCOPE)
        await ask(client, 0)  # the embedder loads and the session's texts are embedded
        asked = [await ask(client, turn) for turn in range(1, turns + 1)]
        greeted = [await chat(client) for _ in range(turns)]
        changed = []
        for turn in range(turns + 1, turns + 6):
            await configure(client, f"{SCOPE} Also: {' '.join(SUBJECTS)} {turn}.")
            changed.append((await ask(client, turn))[0])
    call, word, total = zip(*asked, strict=True)
    return {"call": call, "word": word, "total": total, "chat": greeted, "agent": changed}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--words-per-s", type=float, default=0.0)
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.turns, arguments.words_per_s))
    print(f"{'':<8}{'n':>6}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, values in found.items():
        print(row(name, values))
    goals = Goals()
    goals.most("question to first word, p50", statistics.median(found["total"]), TOTAL_P50_MS, " ms")
    return int(goals.missed)


if __name__ == "__main__":
    sys.exit(main())
