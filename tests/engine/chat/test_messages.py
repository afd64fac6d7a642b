"""What a chat server is told of a Realtime conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.messages import (
    INAUDIBLE,
    NO_RESULT,
    NOTHING_NEW,
    SPOKEN_HINT,
    chat_messages,
    chat_request,
)
from realtime_agents.engine.dialogue.view import DialogueContext, ToolSpec
from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    OpaqueItem,
)

CONFIG = ChatConfig(base_url="http://127.0.0.1:11434/v1", model="tiny")
SEARCH = ToolSpec(
    name="search",
    description="Looks things up.",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def user(*words: str) -> MessageItem:
    return MessageItem(role="user", content=tuple(ContentPart(type="input_text", text=w) for w in words))


def assistant(words: str) -> MessageItem:
    return MessageItem(role="assistant", content=(ContentPart(type="output_text", text=words),))


def system(words: str) -> MessageItem:
    return MessageItem(role="system", content=(ContentPart(type="input_text", text=words),))


def call(
    call_id: str, name: str = "search", arguments: str = '{"query":"x"}', **more: Any
) -> FunctionCallItem:
    return FunctionCallItem(call_id=call_id, name=name, arguments=arguments, **more)


def output(call_id: str, text: str = "found") -> FunctionCallOutputItem:
    return FunctionCallOutputItem(call_id=call_id, output=text)


def messages(*items: Item, instructions: str = "", **more: Any) -> list[dict[str, Any]]:
    return chat_messages(DialogueContext(instructions=instructions, items=items, **more))


def roles(found: list[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in found]


def test_instructions_come_first_then_both_sides_in_turn() -> None:
    found = messages(
        user("Hi"), assistant("Hello."), user("What is Part B?"), instructions="You are Medicare."
    )
    assert found == [
        {"role": "system", "content": "You are Medicare."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "What is Part B?"},
    ]


def test_without_instructions_there_is_no_system_message() -> None:
    assert roles(messages(user("Hi"))) == ["user"]


def test_an_answer_to_be_spoken_asks_for_words_that_can_be() -> None:
    assert (
        messages(user("Hi"), instructions="Be kind.", aloud=True)[0]["content"]
        == f"Be kind.\n\n{SPOKEN_HINT}"
    )
    assert SPOKEN_HINT not in str(messages(user("Hi"), instructions="Be kind."))


def test_later_system_items_join_the_first_message_each_text_once() -> None:
    found = messages(
        system("You are back."),
        user("Hi"),
        system("You are back."),
        system("Speak Spanish."),
        instructions="Be kind.",
    )
    assert roles(found) == ["system", "user"]
    assert found[0]["content"] == "Be kind.\n\nYou are back.\n\nSpeak Spanish."


def test_what_one_side_says_in_a_row_is_one_message() -> None:
    found = messages(user("One"), user("Two"), assistant("A"), assistant("B"), user("Three"))
    assert [(m["role"], m["content"]) for m in found] == [
        ("user", "One\n\nTwo"),
        ("assistant", "A\n\nB"),
        ("user", "Three"),
    ]


def test_audio_is_told_by_its_transcript_on_both_sides() -> None:
    spoken = MessageItem(
        role="user", content=(ContentPart(type="input_audio", transcript="How much is it?"),)
    )
    heard = MessageItem(role="assistant", content=(ContentPart(type="output_audio", transcript="It is"),))
    assert [m["content"] for m in messages(spoken, heard, user("And?"))] == [
        "How much is it?",
        "It is",
        "And?",
    ]


def test_audio_nobody_understood_is_said_to_be_inaudible() -> None:
    silent = MessageItem(role="user", content=(ContentPart(type="input_audio", audio="AAAA"),))
    assert messages(silent) == [{"role": "user", "content": INAUDIBLE}]


def test_an_answer_of_which_nothing_was_heard_is_left_out() -> None:
    unheard = MessageItem(role="assistant", content=(ContentPart(type="output_audio", transcript=""),))
    assert messages(user("Hi"), unheard, user("Hello?")) == [{"role": "user", "content": "Hi\n\nHello?"}]


def test_calls_of_one_response_stand_in_one_message_and_their_results_follow_in_order() -> None:
    found = messages(user("Q"), call("a"), call("b"), output("b", "B"), output("a", "A"))
    assert roles(found) == ["user", "assistant", "tool", "tool"]
    ids = [c["id"] for c in found[1]["tool_calls"]]
    assert [(m["tool_call_id"], m["content"]) for m in found[2:]] == [(ids[0], "A"), (ids[1], "B")]
    assert found[1]["content"] is None
    assert found[1]["tool_calls"][0]["function"] == {"name": "search", "arguments": '{"query":"x"}'}


def test_calls_of_two_responses_stay_two_steps() -> None:
    found = messages(user("Q"), call("a"), output("a"), call("b"), output("b"))
    assert roles(found) == ["user", "assistant", "tool", "assistant", "tool"]


def test_words_before_a_call_are_in_the_same_message() -> None:
    found = messages(user("Q"), assistant("Let me look."), call("a"), output("a"))
    assert (found[1]["content"], len(found[1]["tool_calls"])) == ("Let me look.", 1)


def test_words_after_a_call_are_a_message_of_their_own() -> None:
    found = messages(user("Q"), call("a"), output("a"), assistant("Here."), user("Thanks"))
    assert roles(found) == ["user", "assistant", "tool", "assistant", "user"]


def test_call_ids_are_nine_letters_and_digits_and_never_the_same() -> None:
    found = messages(
        user("Q"), call("call_with-a_long.id"), output("call_with-a_long.id"), call("b"), output("b")
    )
    ids = [c["id"] for m in found for c in m.get("tool_calls", ())]
    assert len(set(ids)) == 2
    assert all(len(i) == 9 and i.isalnum() for i in ids)


def test_a_call_id_that_is_used_again_keeps_each_result_with_its_call() -> None:
    found = messages(user("Q"), call("a"), output("a", "first"), user("Q2"), call("a"), output("a", "second"))
    assert [m["content"] for m in found if m["role"] == "tool"] == ["first", "second"]
    assert len({m["tool_call_id"] for m in found if m["role"] == "tool"}) == 2


def test_a_result_that_came_after_the_person_spoke_again_stands_at_its_call() -> None:
    found = messages(user("Q"), call("a"), user("Hurry"), output("a", "late"))
    assert roles(found) == ["user", "assistant", "tool", "user"]
    assert found[2]["content"] == "late"


def test_a_call_without_result_says_so_and_one_that_was_cut_off_is_left_out() -> None:
    assert messages(user("Q"), call("a"), user("Stop"))[2]["content"] == NO_RESULT
    cut = call("a", arguments='{"que', status="incomplete")
    assert roles(messages(user("Q"), cut, user("Stop"))) == ["user"]


def test_a_result_without_its_call_is_left_out() -> None:
    assert roles(messages(output("a"), user("Q"))) == ["user"]


@pytest.mark.parametrize("arguments", ["", "{broken", "[1]", "null"])
def test_arguments_that_are_no_object_are_told_as_an_empty_one(arguments: str) -> None:
    found = messages(user("Q"), call("a", arguments=arguments), output("a"))
    assert found[1]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_items_of_unknown_kinds_are_left_out() -> None:
    assert roles(messages(OpaqueItem(type="mcp_list_tools"), user("Q"))) == ["user"]


def test_a_conversation_that_does_not_end_with_the_person_gets_a_last_message() -> None:
    assert messages(instructions="Greet.")[-1] == {"role": "user", "content": NOTHING_NEW}
    assert messages(user("Hi"), assistant("Hello."))[-1] == {"role": "user", "content": NOTHING_NEW}
    assert messages(user("Q"), call("a"), output("a"))[-1]["role"] == "tool"


def test_images_go_along_as_parts_and_join_what_was_said_before() -> None:
    picture = MessageItem(
        role="user",
        content=(
            ContentPart(type="input_text", text="What is this?"),
            ContentPart(type="input_image", image_url="data:image/png;base64,AA", detail="low"),
        ),
    )
    assert messages(user("Look"), picture) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
            ],
        }
    ]


def request(config: ChatConfig = CONFIG, **more: Any) -> dict[str, Any]:
    return chat_request(DialogueContext(instructions="", items=(user("Q"),), **more), config)


def test_the_request_is_streamed_with_usage_and_names_the_model() -> None:
    body = request()
    assert (body["model"], body["stream"], body["stream_options"]) == ("tiny", True, {"include_usage": True})
    assert body.keys() == {"model", "messages", "stream", "stream_options"}


def test_tools_are_passed_with_their_schema() -> None:
    (tool,) = request(tools=(SEARCH,))["tools"]
    assert tool == {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Looks things up.",
            "parameters": dict(SEARCH.parameters),
        },
    }
    (bare,) = request(tools=(ToolSpec(name="now"),))["tools"]
    assert bare["function"]["parameters"] == {"type": "object", "properties": {}}


def test_the_choice_of_tools_is_passed_and_none_takes_them_away() -> None:
    assert "tool_choice" not in request(tools=(SEARCH,))
    assert request(tools=(SEARCH,), tool_choice="required")["tool_choice"] == "required"
    forced = request(tools=(SEARCH,), forced_tool="search")["tool_choice"]
    assert forced == {"type": "function", "function": {"name": "search"}}
    assert "tools" not in request(tools=(SEARCH,), tool_choice="none")
    assert request(tools=(SEARCH,), parallel_tool_calls=False)["parallel_tool_calls"] is False


def test_the_length_limit_has_the_name_that_the_server_knows() -> None:
    assert request(max_output_tokens=50)["max_tokens"] == 50
    openai = ChatConfig(base_url="https://api.openai.com/v1", model="m")
    assert request(openai, max_output_tokens=50)["max_completion_tokens"] == 50


def test_a_request_is_json_and_shares_nothing_with_the_session() -> None:
    body = request(tools=(SEARCH,))
    json.dumps(body)
    body["tools"][0]["function"]["parameters"]["properties"].clear()
    assert SEARCH.properties


def test_the_configuration_shows_neither_key_nor_password() -> None:
    config = ChatConfig(base_url="http://me:hunter2@[::1]:8080/v1?key=hunter2", model="m", api_key="hunter2")
    assert "hunter2" not in repr(config)
    assert config.host == "[::1]:8080"
    assert config.is_loopback
    assert ChatConfig(base_url="https://llm.example/v1", model="m").host == "llm.example"
