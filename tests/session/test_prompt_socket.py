"""Where the answer to the handshake ends and frames begin, however TCP cut it; the rest is tested over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from unittest.mock import create_autospec

import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.uri import parse_uri
from websockets.utils import accept_key

from realtime_agents.session.prompt_socket import PromptSocket
from realtime_agents.websocket_frames import TEXT, data_frame

LAST = b"\r\n\r\n"


def asking() -> tuple[PromptSocket, bytes]:
    """A socket that has sent its request, and the head of the answer that accepts it."""
    protocol = ClientProtocol(parse_uri("ws://127.0.0.1/"))
    socket = PromptSocket(protocol)
    socket.connection_made(create_autospec(asyncio.Transport, instance=True))
    request = protocol.connect()
    protocol.send_request(request)
    protocol.data_to_send()
    accept = accept_key(request.headers["Sec-WebSocket-Key"])
    head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}"
    return socket, head.encode() + LAST


EVERYWHERE = range(-100, 40)


@pytest.mark.parametrize("cuts", [(), (-4,), (-3,), (-2,), (-1,), (0,), (9,), EVERYWHERE])
async def test_frames_begin_behind_the_head_also_when_they_hold_what_looks_like_its_end(
    cuts: Iterable[int],
) -> None:
    """``cuts``: where TCP cut the data, counted from the end of the head."""
    socket, head = asking()
    sent = [b"first", b"second" + LAST + data_frame(TEXT, b"no message"), b"third"]
    data = head + b"".join(data_frame(TEXT, message) for message in sent)
    taken: list[bytes] = []
    socket.hand_to(taken.append)
    at = 0
    for end in (*(len(head) + cut for cut in cuts), len(data)):
        socket.data_received(data[at:end])
        at = end
    assert taken == sent


async def test_the_page_of_a_refusal_may_have_any_number_of_empty_lines() -> None:
    socket, _ = asking()
    page = b"<p>" + LAST * 5000
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d" % len(page) + LAST
    socket.data_received(head + page[:10_000])
    socket.data_received(page[10_000:])
    refused = socket.protocol.handshake_exc
    assert isinstance(refused, InvalidStatus)
    assert refused.response.body == page
