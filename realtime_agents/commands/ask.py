"""``ask``: a question through agents, tools and engine, without the page."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from realtime_agents.answer import Answer, answer_to
from realtime_agents.errors import RealtimeAgentsError, SessionError, UsageError
from realtime_agents.runtime import Runtime
from realtime_agents.session.session import Session
from realtime_agents.session.view import LiveText, SessionSnapshot
from realtime_agents.settings import Settings

_ANSWER_TIMEOUT_S = 120
_CHAT_ANSWER_TIMEOUT_S = 600
"""A chat server on this machine may load its model first, and think slowly at every step."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.file:
        return asyncio.run(_ask_file(arguments, settings, list(_read_questions(Path(arguments.file)))))
    question = sys.stdin.read() if arguments.question == "-" else arguments.question
    if not question or not question.strip():
        raise UsageError('expected a question, found nothing; try: ask "When can I enroll in Part B?"')
    return asyncio.run(_ask_one(arguments, settings, question))


async def _ask_one(arguments: argparse.Namespace, settings: Settings, question: str) -> int:
    async with Runtime.opened(settings, local_engine=True, keep_history=arguments.save) as runtime:
        answer = await _answer(runtime, arguments, question, stream=not arguments.json)
    if arguments.json:
        print(json.dumps(answer.to_json()))
    else:
        _print(answer)
    if answer.problem:
        print(f"error: {answer.problem}", file=sys.stderr)
    return 0 if answer.completed else 1


async def _ask_file(
    arguments: argparse.Namespace, settings: Settings, questions: list[tuple[str, str]]
) -> int:
    failed = 0
    async with Runtime.opened(settings, local_engine=True, keep_history=arguments.save) as runtime:
        for number, (question_id, question) in enumerate(questions, 1):
            try:
                answer = await _answer(runtime, arguments, question, stream=False)
                line = {"id": question_id, **answer.to_json()}
                failed += not answer.completed
            except RealtimeAgentsError as error:
                line = {"id": question_id, "error": str(error)}
                failed += 1
            if arguments.json:
                print(json.dumps(line), flush=True)
            else:
                print(f"[{question_id}] {question}\n{line.get('answer') or line.get('error')}\n", flush=True)
            if sys.stderr.isatty():
                print(f"\r{number}/{len(questions)}", end="", file=sys.stderr, flush=True)
    return 1 if failed else 0


async def _answer(runtime: Runtime, arguments: argparse.Namespace, question: str, *, stream: bool) -> Answer:
    session = await runtime.open_session(arguments.scenario or runtime.settings.scenario, arguments.agent)
    limit_s = _CHAT_ANSWER_TIMEOUT_S if runtime.settings.engine_chats else _ANSWER_TIMEOUT_S
    try:
        async with asyncio.timeout(limit_s):
            if stream:
                await _stream(session, question)
            else:
                await session.send_text(question)
                await session.wait_idle()
        return answer_to(session.snapshot().turns)
    except TimeoutError:
        raise SessionError(f"no answer within {limit_s} s") from None
    finally:
        await runtime.registry.close(session.id)


async def _stream(session: Session, question: str) -> None:
    """Print the answer as it arrives, each piece once."""
    async with session.subscribe() as updates:
        await session.send_text(question)
        idle = asyncio.create_task(session.wait_idle())
        try:
            printed: dict[str, int] = {}
            reader = aiter(updates)
            while not idle.done():
                following = asyncio.ensure_future(anext(reader))
                await asyncio.wait({idle, following}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    following.cancel()
                    break
                _print_new(following.result(), printed)
            await idle
        finally:
            idle.cancel()
    for turn in session.snapshot().turns:
        if turn.role == "agent" and turn.text:
            _print_rest(turn.id, turn.text, printed)
    print()


def _print_new(update: object, printed: dict[str, int]) -> None:
    live = update.live if isinstance(update, SessionSnapshot) else update
    if isinstance(live, LiveText) and live.turn_id:
        _print_rest(live.turn_id, live.text, printed)


def _print_rest(turn_id: str, text: str, printed: dict[str, int]) -> None:
    if printed and turn_id not in printed:
        print("\n")
    print(text[printed.get(turn_id, 0) :], end="", flush=True)
    printed[turn_id] = len(text)


def _print(answer: Answer) -> None:
    for citation in answer.citations:
        where = f"{citation.title} > {citation.section}" if citation.section else citation.title
        print(f"[{citation.n}] {where} · as of {citation.as_of or 'unknown'}\n    {citation.url}")
    for handoff in answer.handoffs:
        print(f"handoff {handoff.source} → {handoff.target}: {handoff.reason}")
    for call in answer.tool_calls:
        print(f"tool {call.name} · {call.summary or call.status} · {call.duration_ms} ms")
    if answer.total_ms is None:  # said without a model
        return
    print(
        f"{answer.agent} · {answer.input_tokens} tokens in ({answer.cached_tokens} cached), {answer.output_tokens} out"
        f" · first word {answer.first_token_ms} ms · {answer.total_ms} ms"
    )


def _read_questions(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SessionError(f"cannot read {path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            yield str(record.get("id", number)), str(record["question"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SessionError(f"{path}:{number}: expected a JSON object with id and question") from None
