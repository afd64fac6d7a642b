from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from realtime_agents.knowledge.passages import WINDOW_WORDS, PassageEmbedder, fingerprint, prepare, windows
from realtime_agents.knowledge.port import Document
from tests.knowledge.fakes import HashEmbedder
from tests.knowledge.test_chunking import prose, random_page

PAGE = Document(id="a", title="Page", collection="c", text=f"# Page\n{prose(160)}\n## Costs\n{prose(60)}")


def test_every_field_of_a_document_counts_for_its_fingerprint() -> None:
    changed = [
        replace(PAGE, title="Other"),
        replace(PAGE, text=PAGE.text + " more"),
        replace(PAGE, collection="d"),
        replace(PAGE, url="https://x.org"),
        replace(PAGE, source="s"),
        replace(PAGE, as_of="2026"),
        replace(PAGE, id="b"),
    ]
    assert len({fingerprint(document) for document in [PAGE, *changed]}) == len(changed) + 1
    assert fingerprint(PAGE) == fingerprint(replace(PAGE))


def test_fields_cannot_run_into_each_other() -> None:
    assert fingerprint(replace(PAGE, url="ab", source="c")) != fingerprint(
        replace(PAGE, url="a", source="bc")
    )


def test_passages_are_numbered_and_hold_the_text_of_their_span() -> None:
    prepared = prepare(PAGE)
    assert [passage.ord for passage in prepared.passages] == list(range(len(prepared.passages)))
    assert [passage.section for passage in prepared.passages] == ["", "Costs"]
    for passage in prepared.passages:
        assert PAGE.text[passage.char_start : passage.char_end] == passage.text
        assert passage.text[slice(*passage.summary)].strip()


@pytest.mark.parametrize("seed", range(60))
def test_windows_of_a_passage_hold_all_of_it_in_order(seed: int) -> None:
    document = replace(PAGE, text=random_page(seed))
    for passage in prepare(document).passages:
        spans = passage.windows
        if not spans:
            continue
        assert len(spans) > 1
        assert all(start < end for start, end in spans)
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
        inside = "".join(passage.text[start:end] for start, end in spans)
        assert "".join(inside.split()) == "".join(passage.text.split())


def test_a_short_passage_has_no_windows() -> None:
    assert windows(prose(70)) == ()


def test_windows_are_about_fifty_words() -> None:
    text = prose(180)
    sizes = [len(text[start:end].split()) for start, end in windows(text)]
    assert len(sizes) == round(180 / WINDOW_WORDS)
    assert all(30 <= size <= 70 for size in sizes)


def test_whole_title_and_windows_are_embedded() -> None:
    embedder = HashEmbedder()
    text = prose(180)
    spans = windows(text)
    vectors = PassageEmbedder(embedder).vectors("Title", "Costs", text, spans)
    assert vectors.shape == (2 + len(spans), embedder.dims)
    assert vectors.dtype == np.dtype("<f2")
    assert embedder.passages == [
        f"Title > Costs\n{text}",
        "Title",
        *(text[start:end] for start, end in spans),
    ]


def test_the_title_of_a_page_is_embedded_once() -> None:
    embedder = HashEmbedder()
    made = PassageEmbedder(embedder)
    first, second = (made.vectors("Title", "", text, ()) for text in ("one", "two"))
    assert embedder.passages.count("Title") == 1
    assert (first[1] == second[1]).all()
    untitled = made.vectors(" ", "", "three", ())
    assert (untitled[0] == untitled[1]).all()


def test_a_passage_keeps_its_key_while_what_is_embedded_stays_the_same() -> None:
    keys = [passage.key for passage in prepare(PAGE).passages]
    moved = prepare(replace(PAGE, collection="d", url="https://x.org"))
    assert [passage.key for passage in moved.passages] == keys
    renamed = prepare(replace(PAGE, title="Other title"))
    assert not set(keys) & {passage.key for passage in renamed.passages}
