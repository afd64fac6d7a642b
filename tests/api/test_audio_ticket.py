"""Tickets open the audio socket of one session, for a minute."""

from __future__ import annotations

import re
import secrets

import pytest

from realtime_agents.api.audio_ticket import LIFETIME_S, _key, issue, session_of


def test_a_ticket_names_its_session_until_it_expires() -> None:
    session_id = secrets.token_urlsafe(16)
    ticket = issue(session_id, now=lambda: 1000.5)
    assert session_of(ticket, now=lambda: 1000.0) == session_id
    assert session_of(ticket, now=lambda: 1000.0 + LIFETIME_S) == session_id
    assert session_of(ticket, now=lambda: 1001.0 + LIFETIME_S) is None


@pytest.mark.parametrize("session_id", ["abc", "a-b_c", "0bAAr9-JAazVhqhidGHM9w"])
def test_a_ticket_may_stand_in_a_header_of_the_handshake(session_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", issue(session_id))


def test_a_changed_ticket_is_none() -> None:
    ticket = issue("alice", now=lambda: 0.0)
    session_id, expires, signature = ticket.split(".")
    forged = [
        f"mallory.{expires}.{signature}",
        f"{session_id}.{int(expires) + 1}.{signature}",
        f"{session_id}.{expires}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        f"{session_id}.{expires}",
        "",
        "...",
        "a.b.c",
        f"{session_id}.{expires}.é",
    ]
    assert [session_of(one, now=lambda: 0.0) for one in forged] == [None] * len(forged)
    assert session_of(ticket, now=lambda: 0.0) == "alice"


def test_tickets_of_another_process_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = issue("alice")
    _key.cache_clear()
    assert session_of(ticket) is None
