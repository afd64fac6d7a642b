"""Opening of ONNX models, the same way for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from realtime_agents.errors import SpeechUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_model(path: Path) -> InferenceSession:
    """A session that runs in the calling thread alone. Raises `SpeechUnavailable`."""
    try:
        import onnxruntime  # heavy, and optional for those who only type
    except ImportError as error:
        raise SpeechUnavailable("Speech needs the package 'onnxruntime', which is not installed.") from error
    options = onnxruntime.SessionOptions()
    # Two threads took 2.7 times the processor time for the same work, and the machine has others to serve.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena never gives memory back: one utterance of 30 s would hold 130 MB for good, and saves no time.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
