from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime_agents.api.guard import OriginGuard, is_loopback


async def _page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def client(*, base: str = "http://localhost:8000", loopback_only: bool = True) -> TestClient:
    app = Starlette(routes=[Route("/", _page, methods=["GET", "POST"]), WebSocketRoute("/ws", _socket)])
    guarded = OriginGuard(app, allowed_origins=["https://friend.example"], loopback_only=loopback_only)
    return TestClient(guarded, base_url=base)


def test_a_program_without_an_origin_may_open_a_socket() -> None:
    with client().websocket_connect("ws://localhost:8000/ws") as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://friend.example"])
def test_the_own_page_and_a_listed_origin_may_open_a_socket(origin: str) -> None:
    with client().websocket_connect("ws://localhost:8000/ws", headers={"origin": origin}) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:9999", "null", "http://["])
def test_another_site_may_neither_open_a_socket_nor_read_nor_write(origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        client().websocket_connect("ws://localhost:8000/ws", headers={"origin": origin}),
    ):
        pass
    assert caught.value.code == 1008
    assert client().post("/", headers={"origin": origin}).status_code == 403
    assert client().get("/", headers={"origin": origin}).status_code == 403


def test_a_link_from_another_site_may_open_the_page() -> None:
    assert client().get("/", headers={"referer": "https://evil.example/"}).status_code == 200


def test_a_foreign_host_name_on_a_loopback_server_is_refused() -> None:
    assert client(base="http://rebound.example:8000").get("/").status_code == 403
    assert client().get("/", headers={"host": "["}).status_code == 403
    assert client(base="http://rebound.example:8000", loopback_only=False).get("/").status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:1", True),
        ("127.0.0.9", True),
        ("[::1]:8000", True),
        ("app.localhost", True),
        ("10.0.0.1", False),
        ("", False),
        ("[", False),
        ("localhost.evil.example", False),
    ],
)
def test_loopback_names_and_addresses_are_recognised(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
