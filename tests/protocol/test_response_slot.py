from __future__ import annotations

import random
from collections import deque

import pytest

from realtime_agents.protocol.commands import ClientEvent, ResponseCancel, ResponseCreate, ResponseParams
from realtime_agents.protocol.items import ErrorDetail, Response
from realtime_agents.protocol.response_slot import (
    ALREADY_ACTIVE,
    CANCEL_NOT_ACTIVE,
    MAX_QUEUED,
    TRANSITIONS,
    ResponseRequest,
    ResponseSlot,
    SlotState,
)

TOOLS = ResponseRequest(merges=True)
ASIDE = ResponseRequest(params=ResponseParams(conversation="none", metadata={"for": "summary"}))


def explicit(words: str) -> ResponseRequest:
    return ResponseRequest(params=ResponseParams(instructions=words))


def create(n: int, request: ResponseRequest) -> ResponseCreate:
    return ResponseCreate(event_id=f"slot_{n}", response=request.params)


def refusal(event_id: str | None, code: str | None = ALREADY_ACTIVE) -> ErrorDetail:
    return ErrorDetail(type="invalid_request_error", code=code, event_id=event_id)


def ended(id_: str, **members: object) -> Response:
    return Response(id=id_, status="completed")


@pytest.fixture
def slot() -> ResponseSlot:
    return ResponseSlot()


def active(slot: ResponseSlot, id_: str = "r1") -> None:
    slot.on_created(Response(id=id_))
    assert (slot.state, slot.active_id) == (SlotState.ACTIVE, id_)


def test_a_request_on_a_free_slot_is_sent_at_once_with_its_parameters(slot: ResponseSlot) -> None:
    assert slot.want(explicit("Greet")) == [create(1, explicit("Greet"))]
    assert slot.state is SlotState.CREATE_REQUESTED
    assert slot.awaiting == "slot_1"


def test_a_whole_answer_leaves_the_slot_free(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    active(slot)
    assert slot.awaiting is None
    assert slot.on_done(ended("r1")) == []
    assert (slot.state, slot.active_id) == (SlotState.FREE, None)


def test_event_ids_can_be_chosen() -> None:
    slot = ResponseSlot(new_event_id=lambda: "evt_x")
    assert slot.want(TOOLS) == [ResponseCreate(event_id="evt_x")]


def test_requests_wait_while_a_response_is_requested_active_or_being_cancelled(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    assert slot.want(explicit("a")) == []
    active(slot)
    assert slot.want(explicit("b")) == []
    slot.cancel()
    assert slot.want(explicit("c")) == []
    assert slot.queued == (explicit("a"), explicit("b"), explicit("c"))


def test_waiting_answers_to_tools_become_one_and_explicit_ones_stay_single_and_in_order(
    slot: ResponseSlot,
) -> None:
    active(slot)
    for request in (TOOLS, explicit("a"), TOOLS, explicit("a"), TOOLS):
        assert slot.want(request) == []
    assert slot.queued == (TOOLS, explicit("a"), explicit("a"))
    sent: list[ClientEvent] = []
    for n in range(1, 5):
        sent += slot.on_done(ended(f"r{n}"))
        slot.on_created(Response(id=f"r{n + 1}"))
    assert sent == [create(1, TOOLS), create(2, explicit("a")), create(3, explicit("a"))]


def test_an_answer_to_tools_that_is_already_under_way_does_not_swallow_the_next_one(
    slot: ResponseSlot,
) -> None:
    slot.want(TOOLS)
    assert slot.want(TOOLS) == []
    assert slot.queued == (TOOLS,)


def test_the_servers_own_response_takes_the_slot(slot: ResponseSlot) -> None:
    active(slot)
    assert slot.want(TOOLS) == []
    assert slot.on_done(ended("r1")) == [create(1, TOOLS)]


def test_a_create_that_lost_the_race_is_sent_again_after_the_winner(slot: ResponseSlot) -> None:
    slot.want(explicit("a"))
    slot.want(explicit("b"))
    active(slot, "vad")
    assert slot.on_error(refusal("slot_1")) == []
    assert slot.state is SlotState.ACTIVE
    assert slot.on_done(ended("vad")) == [create(2, explicit("a"))]
    assert slot.queued == (explicit("b"),)


@pytest.mark.parametrize("named", ["slot_1", None])
def test_a_create_refused_before_the_winner_is_known_waits_for_its_end(
    slot: ResponseSlot, named: str | None
) -> None:
    slot.want(explicit("a"))
    assert slot.on_error(refusal(named)) == []
    assert (slot.state, slot.active_id) == (SlotState.ACTIVE, None)
    assert slot.awaiting == "slot_1"
    assert slot.on_done(ended("never_seen")) == [create(2, explicit("a"))]


def test_a_refused_answer_to_tools_merges_with_one_that_waits(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    slot.want(TOOLS)
    slot.on_error(refusal("slot_1"))
    assert slot.queued == (TOOLS,)


def test_a_refusal_that_comes_after_the_winner_has_ended_loses_nothing(slot: ResponseSlot) -> None:
    slot.want(explicit("a"))
    slot.want(explicit("b"))
    active(slot, "vad")
    assert slot.on_done(ended("vad")) == [create(2, explicit("b"))]
    assert slot.on_error(refusal("slot_1")) == []
    assert slot.queued == (explicit("a"),)
    assert slot.state is SlotState.CREATE_REQUESTED


def test_refused_requests_wait_in_the_order_in_which_they_were_wanted(slot: ResponseSlot) -> None:
    for words in ("a", "b", "c"):
        slot.want(explicit(words))
    active(slot, "vad1")
    slot.on_done(ended("vad1"))
    active(slot, "vad2")
    slot.on_error(refusal("slot_1"))
    slot.on_error(refusal("slot_2"))
    assert slot.queued == (explicit("a"), explicit("b"), explicit("c"))


def test_a_refusal_on_a_free_slot_is_sent_again_at_once(slot: ResponseSlot) -> None:
    slot.want(explicit("a"))
    active(slot, "vad")
    assert slot.on_done(ended("vad")) == []
    assert slot.on_error(refusal("slot_1")) == [create(2, explicit("a"))]


def test_refusals_are_awaited_for_the_last_creates_only(slot: ResponseSlot) -> None:
    for n in range(1, 41):
        slot.want(explicit(str(n)))
        active(slot, f"r{n}")
        slot.on_done(ended(f"r{n}"))
    assert slot.on_error(refusal("slot_1")) == []
    assert slot.on_error(refusal("slot_40")) == [create(41, explicit("40"))]


def test_a_create_refused_for_another_reason_is_dropped_and_the_next_one_sent(slot: ResponseSlot) -> None:
    slot.want(explicit("bad"))
    slot.want(explicit("good"))
    assert slot.on_error(refusal("slot_1", "invalid_value")) == [create(2, explicit("good"))]
    assert slot.on_error(refusal("slot_2", None)) == []
    assert slot.state is SlotState.FREE


def test_a_create_refused_for_another_reason_leaves_the_servers_own_response_active(
    slot: ResponseSlot,
) -> None:
    slot.want(explicit("bad"))
    active(slot, "vad")
    assert slot.on_error(refusal("slot_1", "invalid_value")) == []
    assert slot.active_id == "vad"


@pytest.mark.parametrize(
    "error", [refusal("other"), refusal(None, "server_error"), refusal(None, CANCEL_NOT_ACTIVE)]
)
def test_errors_about_something_else_change_nothing(slot: ResponseSlot, error: ErrorDetail) -> None:
    slot.want(TOOLS)
    assert slot.on_error(error) == []
    assert slot.state is SlotState.CREATE_REQUESTED
    active(slot)
    assert slot.on_error(error) == []
    assert slot.active_id == "r1"


def test_the_end_of_another_response_is_ignored(slot: ResponseSlot) -> None:
    assert slot.on_done(ended("r0")) == []
    slot.want(TOOLS)
    assert slot.on_done(ended("r0")) == []
    active(slot)
    assert slot.on_done(ended("r0")) == []
    assert slot.active_id == "r1"


def test_a_response_is_cancelled_once_by_its_id(slot: ResponseSlot) -> None:
    assert slot.cancel() == []
    active(slot)
    assert slot.cancel() == [ResponseCancel(event_id="slot_1", response_id="r1")]
    assert (slot.state, slot.awaiting) == (SlotState.CANCEL_REQUESTED, "slot_1")
    assert slot.cancel() == []


def test_typed_text_goes_out_as_soon_as_the_cancelled_response_has_ended(slot: ResponseSlot) -> None:
    active(slot)
    slot.cancel()
    assert slot.want(explicit("typed")) == []
    assert slot.on_done(Response(id="r1", status="cancelled")) == [create(2, explicit("typed"))]


@pytest.mark.parametrize("named", ["slot_1", None])
def test_cancelling_what_had_just_ended_is_benign(slot: ResponseSlot, named: str | None) -> None:
    active(slot)
    slot.cancel()
    slot.want(explicit("next"))
    assert slot.on_error(refusal(named, CANCEL_NOT_ACTIVE)) == [create(2, explicit("next"))]


def test_a_cancel_refused_for_another_reason_leaves_the_response_active(slot: ResponseSlot) -> None:
    active(slot)
    slot.cancel()
    slot.on_error(refusal("slot_1", "invalid_value"))
    assert (slot.state, slot.active_id) == (SlotState.ACTIVE, "r1")


def test_a_response_that_is_only_requested_is_cancelled_when_it_begins(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    assert slot.cancel() == []
    assert slot.on_created(Response(id="r1")) == [ResponseCancel(event_id="slot_2", response_id="r1")]
    slot.on_done(Response(id="r1", status="cancelled"))
    slot.want(TOOLS)
    assert slot.on_created(Response(id="r2")) == []


def test_a_cancelled_request_that_is_refused_is_not_sent_again(slot: ResponseSlot) -> None:
    slot.want(explicit("a"))
    slot.cancel()
    assert slot.on_error(refusal("slot_1")) == [ResponseCancel(event_id="slot_2")]
    assert slot.on_done(ended("vad")) == []
    assert slot.state is SlotState.FREE


def test_a_new_response_of_the_server_replaces_one_being_cancelled(slot: ResponseSlot) -> None:
    active(slot, "r1")
    slot.cancel()
    active(slot, "r2")
    assert slot.on_done(Response(id="r1", status="cancelled")) == []
    assert slot.active_id == "r2"


def test_silence_can_be_asked_for_by_dropping_what_waits(slot: ResponseSlot) -> None:
    active(slot)
    slot.want(TOOLS)
    slot.want(explicit("a"))
    assert slot.drop_queued() == (TOOLS, explicit("a"))
    assert slot.on_done(ended("r1")) == []


def test_a_timeout_frees_the_slot_and_sends_the_next_request(slot: ResponseSlot) -> None:
    slot.want(explicit("lost"))
    slot.want(explicit("next"))
    assert slot.on_timeout("slot_1") == [create(2, explicit("next"))]


def test_a_timeout_for_something_already_answered_is_ignored(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    active(slot)
    assert slot.on_timeout("slot_1") == []
    slot.cancel()
    assert slot.on_timeout("slot_1") == []
    assert slot.awaiting == "slot_2"
    assert slot.on_timeout("slot_2") == []
    assert slot.state is SlotState.FREE


def test_a_refused_request_whose_winner_never_shows_is_sent_again_by_the_timeout(slot: ResponseSlot) -> None:
    slot.want(explicit("a"))
    slot.on_error(refusal("slot_1"))
    assert slot.on_timeout("slot_1") == [create(2, explicit("a"))]


def test_a_lost_socket_drops_everything(slot: ResponseSlot) -> None:
    slot.want(TOOLS)
    active(slot)
    slot.want(explicit("a"))
    slot.want(ASIDE)
    slot.cancel()
    assert slot.on_socket_lost() == []
    assert (slot.state, slot.active_id, slot.queued, slot.awaiting) == (SlotState.FREE, None, (), None)
    assert slot.on_error(refusal("slot_1")) == []
    assert slot.on_created(Response(id="r9", conversation_id=None)) == []
    assert slot.active_id == "r9"
    assert slot.on_socket_lost() == []


def test_out_of_band_requests_go_out_at_once_and_marked(slot: ResponseSlot) -> None:
    active(slot)
    (command,) = slot.want(ASIDE)
    assert isinstance(command, ResponseCreate)
    assert command.response is not None
    assert command.response.metadata == {"for": "summary", "out_of_band": "slot_1"}
    assert slot.active_id == "r1"


def test_a_marked_response_leaves_the_slot_alone(slot: ResponseSlot) -> None:
    slot.want(ASIDE)
    slot.want(TOOLS)
    aside = Response(id="x", conversation_id=None, metadata={"out_of_band": "slot_1"})
    assert slot.on_created(aside) == []
    assert slot.state is SlotState.CREATE_REQUESTED
    slot.on_error(refusal("slot_2"))
    assert slot.on_done(aside) == []
    assert (slot.state, slot.active_id) == (SlotState.ACTIVE, None)


def test_without_metadata_a_null_conversation_tells_it_while_one_is_awaited(slot: ResponseSlot) -> None:
    slot.want(ASIDE)
    slot.on_created(Response(id="x", conversation_id=None))
    assert slot.state is SlotState.FREE
    slot.on_created(Response(id="r", conversation_id=None))
    assert slot.active_id == "r"
    assert slot.on_done(Response(id="x", conversation_id=None)) == []
    assert slot.active_id == "r"


def test_a_refused_out_of_band_request_is_awaited_no_longer(slot: ResponseSlot) -> None:
    slot.want(ASIDE)
    assert slot.on_error(refusal("slot_1", "invalid_value")) == []
    slot.on_created(Response(id="r", conversation_id=None))
    assert slot.active_id == "r"


def test_when_too_many_wait_the_oldest_gives_way(slot: ResponseSlot) -> None:
    active(slot)
    for n in range(MAX_QUEUED + 1):
        slot.want(explicit(str(n)))
    assert len(slot.queued) == MAX_QUEUED
    assert slot.queued[0] == explicit("1")


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(SlotState)
    assert all(SlotState.FREE in TRANSITIONS[s] for s in SlotState if s is not SlotState.FREE)


class Server:
    """A server with one response slot of its own, whose voice detection answers when it likes."""

    def __init__(self) -> None:
        self.inbox: deque[ClientEvent] = deque()
        self.outbox: deque[ErrorDetail | Response] = deque()
        self.active: Response | None = None
        self.answered: list[str] = []
        self._count = 0

    def read(self) -> None:
        command = self.inbox.popleft()
        if isinstance(command, ResponseCreate):
            if self.active is not None:
                self.outbox.append(refusal(command.event_id))
                return
            self.begin()
            if command.response is not None and command.response.instructions is not None:
                self.answered.append(command.response.instructions)
        elif isinstance(command, ResponseCancel):
            if self.active is not None and command.response_id in (None, self.active.id):
                self.end()
            else:
                self.outbox.append(refusal(command.event_id, CANCEL_NOT_ACTIVE))

    def begin(self) -> None:
        self._count += 1
        self.active = Response(id=f"r{self._count}")
        self.outbox.append(self.active)

    def end(self) -> None:
        assert self.active is not None
        self.outbox.append(ended(self.active.id))
        self.active = None


def deliver(server: Server, slot: ResponseSlot) -> None:
    match server.outbox.popleft():
        case ErrorDetail() as error:
            commands = slot.on_error(error)
        case Response(status="in_progress") as response:
            commands = slot.on_created(response)
        case Response() as response:
            commands = slot.on_done(response)
    server.inbox.extend(commands)


def run(seed: int, *, cancels: bool) -> tuple[Server, ResponseSlot, list[str]]:
    """Random steps of client, server and voice detection, then all there is to drain."""
    rng, server, slot = random.Random(seed), Server(), ResponseSlot()
    wanted: list[str] = []
    for _ in range(120):
        step = rng.random()
        if step < 0.1:
            wanted.append(f"w{len(wanted)}")
            server.inbox.extend(slot.want(explicit(wanted[-1])))
        elif step < 0.2:
            server.inbox.extend(slot.want(TOOLS))
        elif step < 0.25 and cancels:
            server.inbox.extend(slot.cancel())
        elif step < 0.4 and server.active is None:
            server.begin()
        elif step < 0.55 and server.active is not None:
            server.end()
        elif step < 0.8 and server.inbox:
            server.read()
        elif server.outbox:
            deliver(server, slot)
    while server.inbox or server.outbox or server.active is not None:
        if server.outbox:
            deliver(server, slot)
        elif server.inbox:
            server.read()
        else:
            server.end()
    return server, slot, wanted


@pytest.mark.parametrize("seed", range(200))
def test_racing_voice_detection_every_explicit_request_is_answered_exactly_once(seed: int) -> None:
    server, slot, wanted = run(seed, cancels=False)
    assert sorted(server.answered) == sorted(wanted)
    assert (slot.state, slot.queued) == (SlotState.FREE, ())


@pytest.mark.parametrize("seed", range(200))
def test_racing_voice_detection_and_cancels_the_slot_always_ends_free(seed: int) -> None:
    server, slot, wanted = run(seed, cancels=True)
    assert (slot.state, slot.queued) == (SlotState.FREE, ())
    assert len(set(server.answered)) == len(server.answered)
    assert set(server.answered) <= set(wanted)
