"""Which routes there are, and that the mounted engine hears and speaks with what it was given."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from realtime_agents.api.app import build_api
from realtime_agents.settings import load
from tests.engine.wire import connected
from tests.support.asgi_server import serving
from tests.support.scripted_speech import ScriptedSpeech

CHAT = {"ENGINE_CHAT_BASE_URL": "http://127.0.0.1:1/v1", "ENGINE_CHAT_MODEL": "m"}
"""An engine with it loads no embedder."""
KEY = {"Authorization": "Bearer any"}


def client(speech: ScriptedSpeech, **environment: str) -> TestClient:
    return TestClient(build_api(Starlette(), load(environment), speech=speech), base_url="http://localhost")


async def test_the_mounted_engine_has_the_speech_it_was_given_and_leaves_closing_it_to_the_giver() -> None:
    speech = ScriptedSpeech(problem="Speech is off: a file is damaged.")
    app = build_api(Starlette(), load(CHAT), speech=speech)
    async with serving(app) as port, connected(f"http://127.0.0.1:{port}/v1") as engine:
        session = {"type": "realtime", "output_modalities": ["audio"]}
        await engine.send("session.update", session=session)
        error = (await engine.until("error"))["error"]
    assert error["code"] == "speech_unavailable"
    assert error["message"].startswith("Speech is off: a file is damaged.")
    assert speech.closed == 0


@pytest.mark.parametrize(
    "other", [{"OPENAI_API_KEY": "k"}, {"REALTIME_BASE_URL": "http://127.0.0.1:1/v1"}], ids=str
)
def test_there_is_no_engine_and_speech_is_not_touched_while_another_server_talks(
    other: dict[str, str],
) -> None:
    speech = ScriptedSpeech()
    with client(speech, **other) as http:
        assert http.get("/v1/models", headers=KEY).status_code == 404
    assert (speech.warmed, speech.closed) == (0, 0)


def test_health_says_that_the_app_is_starting_while_there_is_no_runtime() -> None:
    with client(ScriptedSpeech()) as http:
        found = http.get("/api/health")
    assert (found.status_code, found.json()["status"]) == (503, "starting")
