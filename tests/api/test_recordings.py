"""Recordings over HTTP: whole, in parts, and not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from realtime_agents.api.app import build_api
from realtime_agents.api.recordings import serve
from realtime_agents.session.wav_file import WavFile
from realtime_agents.settings import load
from realtime_agents.store.recordings import RecordingFiles


@pytest.fixture
def files(tmp_path: Path) -> RecordingFiles:
    files = RecordingFiles(tmp_path)
    file = WavFile(files.path("conv_1"))
    file.append(bytes(4 * 24_000))
    file.close()
    return files


def client(files: RecordingFiles | None) -> TestClient:
    async def route(request: Request) -> Response:
        return await serve(files, request.path_params["conversation"])

    return TestClient(Starlette(routes=[Route("/api/recordings/{conversation}.wav", route)]))


def test_a_recording_is_served_as_sound(files: RecordingFiles) -> None:
    answer = client(files).get("/api/recordings/conv_1.wav")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content[:4] == b"RIFF"
    assert len(answer.content) == 44 + 4 * 24_000


def test_a_player_may_jump_to_any_place(files: RecordingFiles) -> None:
    answer = client(files).get("/api/recordings/conv_1.wav", headers={"range": "bytes=40-47"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 40-47/{44 + 4 * 24_000}"
    assert len(answer.content) == 8


def test_a_range_behind_the_end_is_refused(files: RecordingFiles) -> None:
    answer = client(files).get("/api/recordings/conv_1.wav", headers={"range": "bytes=999999-"})
    assert answer.status_code == 416


@pytest.mark.parametrize("name", ["conv_2", "..%2Fhistory", "conv_1.wav", "%00", "a%20b", "x" * 100])
def test_what_is_no_recording_is_not_found(files: RecordingFiles, name: str) -> None:
    assert client(files).get(f"/api/recordings/{name}.wav").status_code == 404


def test_without_a_folder_nothing_is_found() -> None:
    assert client(None).get("/api/recordings/conv_1.wav").status_code == 404


def test_the_recordings_are_a_route_of_the_app_behind_the_origin_guard() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None: ...

    app = TestClient(build_api(page, load({"OPENAI_API_KEY": "x"})), base_url="http://localhost:8000")
    assert app.get("/api/recordings/conv_1.wav").status_code == 404
    foreign = app.get("/api/recordings/conv_1.wav", headers={"origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
