"""Chunks of many kinds of servers become the same thoughts."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_agents.engine.chat.assembly import Assembly
from realtime_agents.engine.chat.visible import VisibleText
from realtime_agents.engine.thought import Ended, Thought, ToolCall, Words
from realtime_agents.errors import ThinkingError
from tests.support.chat_server import chunk, usage


def assemble(*chunks: dict[str, Any], parallel_calls: bool = True) -> list[Thought]:
    assembly = Assembly("host", parallel_calls=parallel_calls)
    thoughts: list[Thought] = [words for c in chunks if (words := assembly.add(c)) is not None]
    return [*thoughts, *assembly.finish()]


def spoken(thoughts: list[Thought]) -> str:
    return "".join(t.text for t in thoughts if isinstance(t, Words))


def called(thoughts: list[Thought]) -> list[tuple[str, str]]:
    return [(t.name, t.arguments) for t in thoughts if isinstance(t, ToolCall)]


def piece(
    index: int | None = None, call_id: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    function = {k: v for k, v in (("name", name), ("arguments", arguments)) if v is not None}
    found: dict[str, Any] = {"function": function}
    return found | {k: v for k, v in (("index", index), ("id", call_id)) if v is not None}


def tools(*pieces: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return chunk(tool_calls=list(pieces), finish=finish)


END = chunk(finish="tool_calls")


def test_words_come_out_at_once_and_the_end_carries_usage() -> None:
    assembly = Assembly("host")
    assert assembly.add(chunk(role="assistant", content="")) is None
    assert assembly.add(chunk(content="Hel")) == Words(text="Hel")
    assert assembly.add(chunk(content="lo.")) == Words(text="lo.")
    assembly.add(chunk(finish="stop"))
    assembly.add(usage(12, 3, 8))
    (ended,) = assembly.finish()
    assert isinstance(ended, Ended)
    assert ended.cut_short is None
    assert ended.usage is not None
    counted = ended.usage
    assert (counted.input_tokens, counted.output_tokens, counted.total_tokens) == (12, 3, 15)
    assert counted.input_token_details.cached_tokens == 8


def test_a_call_in_pieces_is_joined_by_its_index() -> None:
    thoughts = assemble(
        tools(piece(0, "a", "search", "")),
        tools(piece(0, arguments='{"que')),
        tools(piece(1, "b", "facts", '{"y":')),
        tools(piece(0, arguments='ry":"x"}'), piece(1, arguments="1}")),
        END,
    )
    assert called(thoughts) == [("search", '{"query":"x"}'), ("facts", '{"y":1}')]


def test_whole_calls_in_one_chunk_without_index_are_told_apart() -> None:
    thoughts = assemble(
        tools(
            piece(None, "a", "search", '{"q":1}'), piece(None, "b", "search", '{"q":2}'), finish="tool_calls"
        )
    )
    assert called(thoughts) == [("search", '{"q":1}'), ("search", '{"q":2}')]


def test_whole_calls_without_index_or_id_are_told_apart_by_their_names() -> None:
    assert called(
        assemble(tools(piece(name="a", arguments="{}")), tools(piece(name="b", arguments="{}")), END)
    ) == [
        ("a", "{}"),
        ("b", "{}"),
    ]


def test_pieces_without_index_go_on_with_the_call_of_their_id_or_the_last_one() -> None:
    thoughts = assemble(
        tools(piece(None, "a", "search", '{"q"')),
        tools(piece(None, "b", "facts", '{"y"')),
        tools(piece(None, "a", arguments=":1}")),
        tools(piece(arguments=":2}")),
        END,
    )
    assert called(thoughts)[0] == ("search", '{"q":1}')
    assert called(thoughts)[1] == ("facts", '{"y":2}')


def test_two_calls_that_a_server_gives_the_same_index_are_told_apart_by_id_and_name() -> None:
    thoughts = assemble(tools(piece(0, "a", "search", "{}")), tools(piece(0, "b", "facts", "{}")), END)
    assert called(thoughts) == [("search", "{}"), ("facts", "{}")]


def test_an_id_made_up_for_every_piece_does_not_split_a_call() -> None:
    thoughts = assemble(tools(piece(0, "a", "search", '{"q"')), tools(piece(0, "zzz", arguments=":1}")), END)
    assert called(thoughts) == [("search", '{"q":1}')]


def test_a_name_repeated_with_every_piece_is_taken_once() -> None:
    thoughts = assemble(tools(piece(0, "a", "search", '{"q"')), tools(piece(0, "a", "search", ":1}")), END)
    assert called(thoughts) == [("search", '{"q":1}')]


@pytest.mark.parametrize(
    ("given", "passed"), [('{"q": ', '{"q": '), (None, "{}"), ("", "{}"), ({"q": 1}, '{"q": 1}')]
)
def test_arguments_are_passed_as_they_are_even_when_broken(given: Any, passed: str) -> None:
    assert called(assemble(tools(piece(0, "a", "search", given)), END)) == [("search", passed)]


def test_words_before_calls_stay_before_them() -> None:
    thoughts = assemble(chunk(content="Let me look."), tools(piece(0, "a", "search", "{}")), END)
    assert [type(t) for t in thoughts] == [Words, ToolCall, Ended]


def test_where_only_one_call_is_allowed_the_first_counts() -> None:
    pieces = tools(piece(0, "a", "search", "{}"), piece(1, "b", "facts", "{}"))
    assert called(assemble(pieces, END, parallel_calls=False)) == [("search", "{}")]


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_an_answer_that_is_cut_short_says_why_and_runs_no_half_call(finish: str, reason: str) -> None:
    thoughts = assemble(
        chunk(content="So far"),
        tools(piece(0, "a", "search", '{"q":1}'), piece(1, "b", "search", '{"q":')),
        chunk(finish=finish),
    )
    assert spoken(thoughts) == "So far"
    assert called(thoughts) == [("search", '{"q":1}')]
    assert thoughts[-1] == Ended(cut_short=reason)  # type: ignore[arg-type]  # from the table above


@pytest.mark.parametrize("finish", ["stop", "tool_calls", "function_call", "eos", "end_turn"])
def test_any_other_reason_is_a_whole_answer(finish: str) -> None:
    assert assemble(chunk(content="Yes."), chunk(finish=finish)) == [Words(text="Yes."), Ended()]


def test_a_stream_without_a_reason_for_its_end_broke_off() -> None:
    with pytest.raises(ThinkingError, match="broke off") as caught:
        assemble(chunk(content="So f"))
    assert caught.value.code == "chat_stream_broken"
    with pytest.raises(ThinkingError, match="broke off"):
        assemble()


def test_a_call_without_a_name_is_no_answer() -> None:
    with pytest.raises(ThinkingError) as caught:
        assemble(tools(piece(0, "a", None, "{}")), END)
    assert caught.value.code == "chat_answer_unreadable"


def test_thinking_that_is_sent_apart_is_left_out() -> None:
    thoughts = assemble(
        chunk(reasoning_content="Hm. "), chunk(reasoning="So. "), chunk(content="Yes.", finish="stop")
    )
    assert spoken(thoughts) == "Yes."


def test_a_refusal_is_said() -> None:
    assert spoken(assemble(chunk(refusal="I can't do that."), chunk(finish="stop"))) == "I can't do that."


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": 7, "tool_calls": "x"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": None}}], "usage": None},
        {"choices": [{"index": 1, "delta": {"content": "another choice"}}]},
        {"choices": {}, "usage": [1]},
    ],
)
def test_odd_chunks_change_nothing(odd: dict[str, Any]) -> None:
    assert assemble(chunk(content="Yes."), odd, chunk(finish="stop")) == [Words(text="Yes."), Ended()]


def test_a_whole_message_in_place_of_a_delta_is_taken() -> None:
    message = {"choices": [{"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}
    assert assemble(message) == [Words(text="Yes."), Ended()]


def test_usage_with_gaps_and_nonsense_is_counted_as_far_as_it_goes() -> None:
    counted = {"choices": [], "usage": {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 99}}}
    (_, ended) = assemble(chunk(content="x", finish="stop"), counted)
    assert isinstance(ended, Ended) and ended.usage is not None
    assert (ended.usage.total_tokens, ended.usage.input_token_details.cached_tokens) == (5, 5)


def test_it_knows_whether_the_answer_has_begun_and_ended() -> None:
    assembly = Assembly("host")
    assembly.add(chunk(role="assistant", content="", reasoning_content="Hm"))
    assert not assembly.has_begun
    assembly.add(chunk(content="Yes"))
    assert assembly.has_begun and not assembly.has_ended
    assembly.add(chunk(finish="stop"))
    assert assembly.has_ended


def shown(text: str, size: int) -> str:
    visible = VisibleText()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join([*(visible.add(p) for p in pieces), visible.rest()])


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain words.", "Plain words."),
        ("\n\n  Words.", "Words."),
        ("<think>hm</think>\n\nWords.", "Words."),
        (" <think>a</think><think>b</think> Words <think>.", "Words <think>."),
        ("<think></think>Words", "Words"),
        ("<thin", "<thin"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("<think>never ends", ""),
        ("", ""),
    ],
)
def test_thinking_in_the_text_is_left_out_however_it_is_cut(text: str, size: int, expected: str) -> None:
    assert shown(text, size) == expected
