"""Errors of the account, of the moment, and harmless ones are told apart and put into plain words."""

from __future__ import annotations

import pytest

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.items import ErrorDetail, Response, StatusDetails
from realtime_agents.session.faults import (
    Fault,
    account_words,
    classify,
    failure_words,
    is_lasting,
    refusal_words,
)
from realtime_agents.session.view import Phase
from tests.support.scripted import question, rig, says
from tests.support.scripted_upstream import emit, expect

ACCOUNT = [
    ("invalid_api_key", "OPENAI_API_KEY"),
    ("insufficient_quota", "billing"),
    ("billing_hard_limit_reached", "billing"),
    ("model_not_found", "REALTIME_MODEL"),
    ("invalid_model", "REALTIME_MODEL"),
    ("beta_api_shape_disabled", "version of the protocol"),
    ("ephemeral_token_expired", "expired"),
    ("account_deactivated", "closed"),
    ("unsupported_country_region_territory", "country"),
]


def detail(code: str | None, kind: str = "invalid_request_error") -> ErrorDetail:
    return ErrorDetail(type=kind, code=code, message="key sk-secret of Jane Doe")


@pytest.mark.parametrize(("code", "words"), ACCOUNT)
def test_an_account_error_is_lasting_and_says_what_to_do_in_a_sentence(code: str, words: str) -> None:
    error = detail(code)
    said = account_words(error)
    assert classify(error) is Fault.ACCOUNT
    assert is_lasting(error)
    assert words in said and words in failure_words(error)
    assert said[0].isupper() and said.endswith(".")


@pytest.mark.parametrize("kind", ["insufficient_quota", "authentication_error"])
def test_where_there_is_no_code_the_type_tells(kind: str) -> None:
    assert classify(detail(None, kind)) is Fault.ACCOUNT
    assert is_lasting(detail(None, kind))
    assert account_words(detail(None, kind)) in {
        account_words(detail("insufficient_quota")),
        account_words(detail("invalid_api_key")),
    }


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "inference_rate_limit_exceeded"])
def test_a_rate_limit_passes_and_says_when(code: str) -> None:
    error = detail(code)
    assert classify(error) is Fault.REFUSED
    assert not is_lasting(error)
    assert "in a minute" in failure_words(error) and "in a minute" in refusal_words(error)


@pytest.mark.parametrize("code", ["response_cancel_not_active", "input_audio_buffer_commit_empty"])
def test_known_races_are_harmless(code: str) -> None:
    assert classify(detail(code)) is Fault.BENIGN


def test_an_error_nobody_knows_is_named_by_its_code_and_never_by_the_servers_text() -> None:
    assert failure_words(detail("brand_new")) == "the server reported 'brand_new'"
    assert refusal_words(detail("brand_new")) == "The Realtime server refused a command (brand_new)."
    assert failure_words(ErrorDetail()) == failure_words(None) == "the server did not say why"
    for error in (detail("brand_new"), detail(None), detail("rate_limit_exceeded")):
        assert "sk-secret" not in failure_words(error) + refusal_words(error)


@pytest.mark.parametrize("code", ["model_not_found", "invalid_model", "invalid_value"])
def test_a_model_for_transcription_that_is_not_taken_is_no_fault_of_the_account(code: str) -> None:
    param = "session.audio.input.transcription.model"
    error = ErrorDetail(type="invalid_request_error", code=code, message="sk-secret", param=param)
    assert classify(error) is Fault.REFUSED
    assert "check TRANSCRIPTION_MODEL" in refusal_words(error)


@pytest.mark.parametrize("param", ["sk-secret", "session.sk-secret", "session." + "x" * 50, "session.a b"])
def test_what_does_not_look_like_a_field_is_not_repeated(param: str) -> None:
    error = ErrorDetail(type="invalid_request_error", code="invalid_value", param=param)
    assert refusal_words(error) == "The Realtime server refused a command (invalid_value)."


def failed(code: str, number: int = 1) -> list[ev.ServerEvent]:
    details = StatusDetails(type="failed", error=detail(code))
    response = Response(id=f"resp_{number}", status="failed", status_details=details)
    return [
        ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}")),
        ev.ResponseDone(event_id="", response=response),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insufficient_quota", "the account's quota at the Realtime server is used up"),
        ("model_not_found", "the Realtime server does not know the model"),
        ("chat_key_refused", "the chat server refused the key; check ENGINE_CHAT_API_KEY"),
        ("chat_model_without_tools", "the chat model cannot call tools"),
    ],
)
async def test_an_answer_that_fails_for_good_is_told_at_once_and_not_asked_again(
    code: str, words: str
) -> None:
    steps = [*question("Hello"), emit(*failed(code))]
    async with rig(steps) as r:
        await r.ask("Hello")
        (told,) = r.rows()[1:]
        assert told[:2] == ("breadcrumb", "failed")
        assert told[2].startswith(f"The answer failed: {words}")
        assert r.session.phase is Phase.READY


async def test_after_a_failure_for_good_the_next_question_is_asked_again() -> None:
    steps = [*question("Hello"), emit(*failed("insufficient_quota"))]
    steps += [*question("And now?"), says("Yes.", number=2)]
    async with rig(steps) as r:
        await r.ask("Hello")
        await r.ask("And now?")
        assert r.rows()[-1] == ("agent", "completed", "Yes.")


async def test_a_failure_of_the_moment_is_asked_once_more() -> None:
    steps = [*question("Hello"), emit(*failed("chat_server_timeout")), expect("response.create")]
    async with rig([*steps, says("Hi.", number=2)]) as r:
        await r.ask("Hello")
        assert r.rows()[1:] == [("agent", "completed", "Hi.")]


@pytest.mark.parametrize(("code", "words"), ACCOUNT)
async def test_an_account_error_event_ends_the_session_in_words(code: str, words: str) -> None:
    async with rig([emit(ev.Error(event_id="", error=detail(code)))], allow_errors=True) as r:
        await r.played()
        status = r.session.snapshot().status
        assert status.phase is Phase.CLOSED
        assert words in status.notice
        assert "sk-secret" not in status.notice


async def test_a_rate_limit_event_is_a_notice_and_the_session_goes_on() -> None:
    async with rig(
        [emit(ev.Error(event_id="", error=detail("rate_limit_exceeded")))], allow_errors=True
    ) as r:
        await r.played()
        status = r.session.snapshot().status
        assert status.phase is Phase.READY
        assert "in a minute" in status.notice
