from __future__ import annotations

import json

from realtime_agents.state.model_input import ModelInput, read_model_input, score_words

OUTPUT = {
    "outcome": "ok",
    "say": "",
    "sources": [
        {
            "n": i,
            "title": f"Page {i}",
            "section": "Costs",
            "as_of": "2026-01",
            "quote": "“Quoted”\n",
            "cosine": 0.81,
        }
        for i in range(1, 7)
    ],
}


def payload(output: object) -> str:
    item = {"type": "function_call_output", "call_id": "c", "output": json.dumps(output)}
    return json.dumps({"type": "conversation.item.create", "item": item}, ensure_ascii=False)


def test_a_whole_output_is_shown_indented_with_its_passages() -> None:
    seen = read_model_input(payload(OUTPUT))
    assert seen.whole
    assert json.loads(seen.text) == OUTPUT
    assert [(s.n, s.title, s.meta, s.cosine, s.lexical) for s in seen.sources][:1] == [
        (1, "Page 1", "Costs · as of 2026-01", "0.810", "")
    ]


def test_of_a_cut_output_the_whole_passages_are_still_shown() -> None:
    text = payload(OUTPUT)
    for cut in range(300, len(text) - 4, 7):
        seen = read_model_input(text[:cut] + "…")
        assert not seen.whole
        assert [s.n for s in seen.sources] == list(range(1, len(seen.sources) + 1))
    assert len(read_model_input(text[:-40] + "…").sources) >= 5


def test_something_else_is_nothing() -> None:
    assert read_model_input("") == ModelInput(whole=False)
    assert read_model_input('{"type":"response.create"}').sources == ()


def test_a_leg_that_did_not_return_the_passage_has_a_dash() -> None:
    assert score_words(None, 2) == "–"
    assert score_words(0.5, 3) == "0.500"
