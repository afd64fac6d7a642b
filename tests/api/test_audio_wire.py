"""Messages of the audio socket, both ways, and the page that lists them."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import get_args

import pytest

from realtime_agents import api
from realtime_agents.api import audio
from realtime_agents.api.audio_wire import (
    BadMessage,
    ClientMessage,
    Flushed,
    Mute,
    Played,
    SetMode,
    Start,
    Stop,
    Talk,
    encode,
    parse,
    ticket_in,
)
from realtime_agents.session import line_messages
from realtime_agents.session.line_messages import (
    AudioPiece,
    Flush,
    FlushReason,
    ItemBegins,
    ItemEnds,
    LineError,
    LineMessage,
    ListenMode,
    MarksAdded,
    ModeChanged,
    Notice,
    Ready,
    Speech,
)

README = (Path(api.__path__[0]) / "README.md").read_text(encoding="utf-8")

GOOD: list[tuple[str, ClientMessage]] = [
    ('{"type":"start","mode":"server_vad"}', Start("server_vad")),
    ('{"type":"mode","mode":"push_to_talk"}', SetMode("push_to_talk")),
    ('{"type":"talk","on":true}', Talk(True)),
    ('{"type":"mute","on":false,"future":1}', Mute(False)),
    ('{"type":"played","item":"item_1","ms":1234.7}', Played("item_1", 1234)),
    ('{"type":"flushed","item":"item_1","ms":0}', Flushed("item_1", 0)),
    ('{"type":"stop"}', Stop()),
]
SENT: list[tuple[LineMessage, str]] = [
    (Ready("server_vad", "conv_1"), '{"type":"ready","rate":24000,"mode":"server_vad","conversation":"conv_1"}'),
    (ItemBegins(1, "item_1"), '{"type":"item","n":1,"id":"item_1"}'),
    (MarksAdded(1, ((200, 2), (400, 3))), '{"type":"marks","n":1,"points":[[200,2],[400,3]]}'),
    (ItemEnds(1, 2400), '{"type":"item_end","n":1,"ms":2400}'),
    (Flush("barge_in"), '{"type":"flush","reason":"barge_in"}'),
    (Speech(True), '{"type":"speech","on":true}'),
    (ModeChanged("semantic_vad"), '{"type":"mode","mode":"semantic_vad"}'),
    (Notice("n"), '{"type":"notice","text":"n"}'),
    (LineError("c", "t"), '{"type":"error","code":"c","text":"t"}'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), GOOD)
def test_what_the_browser_says_is_read(text: str, message: ClientMessage) -> None:
    assert parse(text) == message


def test_every_message_of_the_browser_is_covered_above() -> None:
    assert {type(message) for _, message in GOOD} == set(get_args(ClientMessage))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "null",
        "{}",
        '{"type":1}',
        '{"type":"start"}',
        '{"type":"start","mode":"loud"}',
        '{"type":"start","mode":["server_vad"]}',
        '{"type":"talk"}',
        '{"type":"talk","on":1}',
        '{"type":"played","item":"i"}',
        '{"type":"played","item":"","ms":1}',
        '{"type":"played","item":7,"ms":1}',
        '{"type":"played","item":"%s","ms":1}' % ("x" * 201),
        '{"type":"played","item":"i","ms":-1}',
        '{"type":"played","item":"i","ms":true}',
        '{"type":"played","item":"i","ms":"1"}',
        '{"type":"played","item":"i","ms":NaN}',
        '{"type":"played","item":"i","ms":Infinity}',
        '{"type":"played","item":"i","ms":1e300}',
        "[" * 1000,
    ],
)
def test_nonsense_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadMessage, match=r"^expected ") as caught:
        parse(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(("message", "text"), SENT)
def test_what_the_browser_is_told_is_compact_json(message: LineMessage, text: str) -> None:
    assert encode(message) == text


def test_audio_carries_item_number_and_offset() -> None:
    pcm = bytes(range(8))
    data = encode(AudioPiece(3, 70_000, pcm))
    assert isinstance(data, bytes)
    assert struct.unpack("<II", data[:8]) == (3, 70_000)
    assert data[8:] == pcm


def test_every_message_to_the_browser_is_covered_above() -> None:
    assert {type(message) for message, _ in SENT} | {AudioPiece} == set(get_args(LineMessage))


@pytest.mark.parametrize(
    ("offered", "ticket"),
    [
        (["realtime-agents.audio", "ticket.a.b.c"], "a.b.c"),
        (["ticket.a", "realtime-agents.audio"], "a"),
        (["realtime-agents.audio"], None),
        (["ticket.a"], None),
        ([], None),
    ],
)
def test_the_ticket_stands_among_the_subprotocols(offered: list[str], ticket: str | None) -> None:
    assert ticket_in(offered) == ticket


def test_the_page_of_rules_names_every_message_mode_reason_and_close_code() -> None:
    types = {json.loads(text)["type"] for text, _ in GOOD} | {json.loads(text)["type"] for _, text in SENT}
    assert all(f'"type":"{name}"' in README for name in types)
    for word in (*get_args(ListenMode), *get_args(FlushReason)):
        assert f"`{word}`" in README
    ends = [
        value
        for module in (audio, line_messages)
        for value in vars(module).values()
        if isinstance(value, line_messages.LineEnd)
    ]
    listed = set(map(int, re.findall(r"\b(1\d{3}|4\d{3})\b", README.split("## Close codes")[1])))
    assert {end.code for end in ends} <= listed
    assert listed - {end.code for end in ends} == {1012}
