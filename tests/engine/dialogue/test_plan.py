"""The whole decision: what is called, what is said, who takes over."""

from __future__ import annotations

import json

import pytest

from realtime_agents.engine.dialogue import phrases, routing
from realtime_agents.engine.dialogue.plan import Dialogue, Say
from realtime_agents.engine.dialogue.semantics import Semantics
from tests.engine.dialogue.agents import FACT, ORDER, SEARCH, WEATHER, greeter, shop, specialist
from tests.engine.dialogue.scene import TEXT, Scene, agent, call, found, handoff, source, system, tool, user

PREMIUM = "How much is the Part B premium in 2026?"


def test_a_question_for_an_amount_calls_the_exact_tool_and_the_search_side_by_side(
    dialogue: Dialogue,
) -> None:
    assert specialist(dialogue, "medicare").calls(PREMIUM) == [
        ("benefit_fact", {"question": PREMIUM, "year": 2026}),
        ("search_knowledge", {"query": PREMIUM}),
    ]


def test_without_parallel_calls_the_exact_tool_goes_first(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    assert [name for name, _ in medicare.calls(PREMIUM, parallel_tool_calls=False)] == ["benefit_fact"]


def test_a_question_for_a_rule_only_searches(dialogue: Dialogue) -> None:
    question = "How do I file a complaint about my Medicare plan?"
    assert specialist(dialogue, "medicare").calls(question) == [("search_knowledge", {"query": question})]


def test_a_search_is_made_of_the_whole_context(dialogue: Dialogue) -> None:
    planned = specialist(dialogue, "medicare").calls(PREMIUM, agent("It is $202.90. [1]"), "and next year?")
    assert planned[0] == (
        "benefit_fact",
        {"question": "How much is the Part B premium in 2027?", "year": 2027},
    )


def test_when_the_exact_tool_finds_nothing_the_search_is_tried_before_giving_up(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    nothing = call("benefit_fact", found(outcome="not_found"))
    assert [name for name, _ in medicare.calls(PREMIUM, nothing)] == ["search_knowledge"]
    both = [*nothing, *call("search_knowledge", found(outcome="not_found"))]
    assert medicare.says(PREMIUM, both).startswith("I don't know")


def test_a_question_that_was_passed_on_and_found_nothing_is_passed_on_once_more(dialogue: Dialogue) -> None:
    question = "Do I need a referral to see a specialist?"
    empty = [
        *call("search_knowledge", found(outcome="not_found")),
        *call("benefit_fact", found(outcome="not_found")),
    ]
    passed = [*call("transfer_to_va", found()), *empty]
    (name, arguments), *rest = specialist(dialogue, "va").calls(question, passed)
    assert name in ("transfer_to_medicare", "transfer_to_both")
    assert arguments == {"reason": phrases.NOTHING_THERE}
    assert not rest
    twice = [*passed, *call(name, found()), *empty]
    assert specialist(dialogue, "medicare").says(question, twice).startswith("I don't know")
    named = "Do I need a VA referral to see a specialist?"
    assert specialist(dialogue, "va").says(named, passed).startswith("I don't know")


def test_a_wish_to_talk_to_a_person_is_a_question_and_no_wish_for_another_agent() -> None:
    assert not routing.wishes_transfer("How do I talk to a real person?")
    assert routing.wishes_transfer("Can I talk to the VA agent?")


def test_an_agent_that_finds_nothing_lets_another_that_fits_look_once(dialogue: Dialogue) -> None:
    va = specialist(dialogue, "va")
    nothing = call("search_knowledge", found(outcome="not_found"))
    question = "What do prescription drugs cost?"
    empty = [*nothing, *call("benefit_fact", found(outcome="not_found"))]
    assert [name for name, _ in va.calls(question, empty)] == ["transfer_to_medicare"]
    medicare = specialist(dialogue, "medicare")
    handed = [*empty, *call("transfer_to_medicare", found())]
    assert [name for name, _ in medicare.calls(question, handed)] == ["benefit_fact", "search_knowledge"]
    assert medicare.says(question, [*handed, *empty]).startswith("I don't know")
    assert va.says("What is the best pizza in town?", empty).startswith("I don't know")


def test_what_a_tool_says_does_not_wait_for_the_sentences_that_support_it(dialogue: Dialogue) -> None:
    say = "In 2026 the Part B premium is $202.90 a month. [1]"
    support = source(2, "Most people pay the standard Part B premium each month.", title="Costs")
    came = [*call("benefit_fact", found(say=say)), *call("search_knowledge", found(support))]
    plan = specialist(dialogue, "medicare").plan(PREMIUM, came)
    assert isinstance(plan, Say) and plan.more is not None
    assert plan.text == say
    assert plan.more().startswith(" ")
    assert "[2]" in plan.more()


def test_an_answer_that_was_cut_by_an_echo_goes_on_behind_what_was_heard(dialogue: Dialogue) -> None:
    say = "In 2026 the Part B premium is $202.90 a month. [1]"
    support = source(2, "Most people pay the standard Part B premium each month.", title="Costs")
    came = [*call("benefit_fact", found(say=say)), *call("search_knowledge", found(support))]
    medicare = specialist(dialogue, "medicare")
    whole, goes_on = medicare.says(PREMIUM, came), medicare.going_on()
    first, second = agent("In 2026 the Part B"), agent("premium is $202.90 a month.")
    assert goes_on.says(PREMIUM, came, first) == whole.removeprefix("In 2026 the Part B ")
    rest = goes_on.says(PREMIUM, came, first, second)
    assert rest.startswith("[1]") and f"{say.removesuffix(' [1]')} {rest}" == whole
    assert goes_on.says(PREMIUM, came, agent(whole)) == "Is there anything else you'd like to know?"
    assert goes_on.says(PREMIUM, came, agent("Something else.")) == whole
    assert goes_on.says(PREMIUM, came) == whole
    assert medicare.says(PREMIUM, came, first) == whole


def test_a_follow_up_on_which_nothing_is_found_is_tried_with_the_subject_before(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    talk = [
        *(user("Do I need Part B when I still work?"), agent("It depends. [1]")),
        *(user("What if my employer has fewer than twenty people?"), agent("Medicare pays first. [2]")),
    ]
    nothing = found(outcome="not_found")
    first = call(
        "search_knowledge", nothing, '{"query": "How do I sign up (employer has fewer than twenty people)?"}'
    )
    again = medicare.calls(*talk, "How do I sign up?", first, call("benefit_fact", nothing))
    assert again == [("search_knowledge", {"query": "How do I sign up (Part B when I still work)?"})]
    sign_up = source(3, "To sign up for Part B, fill in form CMS-40B.", title="Signing up for Part B")
    second = call("search_knowledge", found(sign_up), again[0][1]["query"].join(('{"query": "', '"}')))
    assert "CMS-40B" in medicare.says(
        *talk, "How do I sign up?", first, call("benefit_fact", nothing), second
    )


def test_being_asked_to_talk_to_somebody_else_is_no_wish_for_another_agent(dialogue: Dialogue) -> None:
    planned = specialist(dialogue, "medicare").plan("Can you talk to my insurance company?")
    assert "transfer_to_" not in str(planned)


def test_a_tools_question_is_passed_on_and_its_answer_goes_back_to_the_tool(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    asked = call("benefit_fact", found(outcome="needs_input", message="What was your income two years ago?"))
    first = ("What do I pay for Part B with a high income?", asked)
    assert medicare.says(*first) == "What was your income two years ago?"
    again = medicare.calls(*first, agent("What was your income two years ago?"), "about $120,000")
    assert again[0][0] == "benefit_fact"
    assert "about $120,000" in again[0][1]["question"] and "high income" in again[0][1]["question"]


@pytest.mark.parametrize(
    ("question", "target"),
    [
        ("How much is the Part B premium this year?", "medicare"),
        ("What's IRMAA?", "medicare"),
        ("Can I get the GI Bill for flight school?", "va"),
        ("What does a 70 percent rating pay?", "va"),
        ("I use VA health care and turn 65 soon, do I need Part B?", "both"),
        ("Who pays first, VA or Medicare?", "both"),
        ("Do I need Part B for TRICARE For Life?", "both"),
        ("My husband has CHAMPVA, does he have to sign up for Medicare?", "both"),
    ],
)
def test_a_greeter_hands_over_every_question_of_its_domain(
    dialogue: Dialogue, question: str, target: str
) -> None:
    ((name, arguments),) = greeter(dialogue).calls(question)
    assert name == f"transfer_to_{target}"
    assert arguments["reason"].startswith("asks ")


@pytest.mark.parametrize(
    ("speaking", "question", "target"),
    [
        ("medicare", "How do I get a Veteran ID card?", "va"),
        ("medicare", "Do I need Part B if I already use VA care?", "both"),
        ("va", "How much is the Part B premium?", "medicare"),
        ("va", "Does CHAMPVA work together with Medicare?", "both"),
        ("both", "How do I transfer my GI Bill benefits to my daughter?", "va"),
    ],
)
def test_a_specialist_hands_over_what_another_fits_clearly_better(
    dialogue: Dialogue, speaking: str, question: str, target: str
) -> None:
    ((name, _),) = specialist(dialogue, speaking).calls(question)
    assert name == f"transfer_to_{target}"


@pytest.mark.parametrize(
    ("speaking", "question"),
    [
        ("medicare", "What happens if I miss the enrollment period?"),
        ("medicare", "How do I file an appeal?"),
        ("va", "What if I disagree with the decision?"),
        ("va", "How long does it take to get a decision on my claim?"),
        ("both", "Who pays first, VA or Medicare?"),
    ],
)
def test_a_specialist_keeps_what_is_its_own_or_could_be(
    dialogue: Dialogue, speaking: str, question: str
) -> None:
    assert not [n for n, _ in specialist(dialogue, speaking).calls(question) if n.startswith("transfer_to_")]


def test_after_a_handoff_the_pending_request_is_served_and_never_handed_back(dialogue: Dialogue) -> None:
    question = "How do I get a Veteran ID card?"
    medicare = specialist(dialogue, "medicare")
    arrived = call("transfer_to_medicare", {"outcome": "ok"}, '{"reason": "x"}')
    assert medicare.calls(question, arrived) == [("search_knowledge", {"query": question})]
    assert medicare.calls(question)[0][0] == "transfer_to_va"


def test_a_new_request_after_a_handoff_may_be_handed_over_again(dialogue: Dialogue) -> None:
    arrived = call("transfer_to_medicare", {"outcome": "ok"})
    turns = (PREMIUM, arrived, agent("It is $202.90."), "How do I get a Veteran ID card?")
    assert specialist(dialogue, "medicare").calls(*turns)[0][0] == "transfer_to_va"


def test_an_agent_chosen_by_hand_answers_itself(dialogue: Dialogue) -> None:
    question = "How do I get a Veteran ID card?"
    chosen = system("The person chose to go on with you.")
    assert specialist(dialogue, "medicare").calls(question, chosen)[0][0] == "search_knowledge"


def test_asking_for_an_agent_by_name_is_enough(dialogue: Dialogue) -> None:
    ((name, arguments),) = specialist(dialogue, "va").calls("Please transfer me to Medicare")
    assert (name, arguments["reason"]) == ("transfer_to_medicare", "asked to be put through")
    there = specialist(dialogue, "medicare")
    arrived = call("transfer_to_medicare", {"outcome": "ok"})
    assert there.says("Please transfer me to Medicare", arrived).startswith(
        "You're talking to the Medicare agent."
    )
    assert there.says("Please transfer me to Medicare").startswith("You're talking to the Medicare agent.")


@pytest.mark.parametrize(
    "question",
    ["What is the capital of France?", "How do I bake sourdough bread?", "Who won the world cup in 2018?"],
)
def test_questions_about_something_else_are_declined_without_a_call(
    dialogue: Dialogue, question: str
) -> None:
    for scene in (greeter(dialogue), specialist(dialogue, "va"), shop(dialogue)):
        answer = scene.says(question)
        assert answer.startswith("I don't know about that.")
        assert "I can" in answer


def test_small_talk_is_answered_from_the_prompt(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    assert "Medicare agent" in medicare.says("hi")
    assert "not a large language model" in medicare.says("who are you?")
    assert "Medicare alone" in medicare.says("what can you do?")
    assert medicare.says("thanks").startswith("You're welcome")
    assert medicare.says("xkcdpqz").startswith("I didn't understand")
    assert medicare.says(PREMIUM, agent("It is $202.90."), "can you repeat that?") == "It is $202.90."
    assert medicare.says("bye").startswith("Goodbye")
    assert medicare.says() == medicare.says("hello")


def test_words_the_prompt_asks_to_say_are_said(dialogue: Dialogue) -> None:
    assert Scene(dialogue, 'Say exactly: "Good evening."', []).says() == "Good evening."
    rule = 'You are Shop.\nIf they ask for a refund, say exactly: "No refunds."'
    assert Scene(dialogue, rule, []).says("hello") != "No refunds."


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("what's the weather in Paris tomorrow", "get_weather", {"city": "Paris"}),
        ("will it rain in Seattle, in celsius please", "get_weather", {"city": "Seattle", "unit": "celsius"}),
        ("where is my order A-991?", "lookup_order", {"order_number": "A-991"}),
        ("I want to see the dentist next Tuesday", "book_appointment", {"date": "2026-11-24"}),
    ],
)
def test_foreign_tools_are_chosen_by_meaning_and_filled(
    dialogue: Dialogue, question: str, name: str, arguments: dict[str, object]
) -> None:
    assert shop(dialogue).calls(question) == [(name, arguments)]


def test_two_wishes_in_one_sentence_make_two_calls(dialogue: Dialogue) -> None:
    planned = shop(dialogue).calls("the weather in Boston and where is order 12345")
    assert planned == [("get_weather", {"city": "Boston"}), ("lookup_order", {"order_number": "12345"})]


def test_two_questions_are_looked_up_apart_and_answered_one_after_the_other(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    message = "How much is the Part B premium and what is Medigap?"
    planned = medicare.calls(message)
    assert [(name, next(iter(a.values()))) for name, a in planned] == [
        ("benefit_fact", "How much is the Part B premium"),
        ("search_knowledge", "How much is the Part B premium"),
        ("search_knowledge", "what is Medigap?"),
    ]
    premium = found(source(1, "x"), say="In 2026 the Part B premium is $202.90 a month. [1]")
    medigap = found(source(2, "Medigap is extra insurance that you buy from a private company."))
    outputs = [premium, found(outcome="not_found"), medigap]
    made = [
        item
        for (name, arguments), output in zip(planned, outputs, strict=True)
        for item in call(name, output, json.dumps(arguments))
    ]
    assert medicare.says(message, made) == (
        "In 2026 the Part B premium is $202.90 a month. [1]"
        " Medigap is extra insurance that you buy from a private company. [2]"
    )
    nothing = [*made[:-1], *call("search_knowledge", found(outcome="not_found"), json.dumps(planned[2][1]))]
    assert medicare.says(message, nothing).endswith(
        "I found nothing on your other question, “what is Medigap”."
    )


def test_a_missing_value_is_asked_for_and_then_used(dialogue: Dialogue) -> None:
    question = shop(dialogue).says("where is my order?")
    assert question == "To look that up I need the order number. Could you tell me?"
    answered = shop(dialogue).calls("where is my order?", agent(question), "it's 88123")
    assert answered == [("lookup_order", {"order_number": "88123"})]


def test_a_search_serves_when_a_special_tool_lacks_a_value_and_fits_little_better(dialogue: Dialogue) -> None:
    penalty = tool(
        "part_b_penalty", "Compute the Part B late enrollment penalty.", months_without={"type": "integer"}
    )
    scene = Scene(dialogue, "You are Medicare.\nYour scope: Medicare.", [SEARCH, FACT, penalty])
    assert "search_knowledge" in [n for n, _ in scene.calls("What is a late enrollment penalty?")]
    (only,) = scene.calls("Compute my Part B late enrollment penalty for 14 months without coverage")
    assert only == ("part_b_penalty", {"months_without": 14})


def test_a_bare_search_tool_without_a_stated_scope_searches(dialogue: Dialogue) -> None:
    search = tool("search_docs", "Search the documents.", query=TEXT)
    scene = Scene(dialogue, "You are a helpful assistant.", [search])
    assert scene.calls("How do I rotate the access keys of the billing service?")[0][0] == "search_docs"


def test_tool_choice_none_required_and_by_name(dialogue: Dialogue) -> None:
    scene = shop(dialogue)
    weather = "what's the weather in Paris"
    assert isinstance(scene.plan(weather, tool_choice="none"), Say)
    assert scene.calls("good morning", tool_choice="required")
    assert scene.calls(weather, tool_choice="required") == [("get_weather", {"city": "Paris"})]
    assert scene.calls("order 12345", forced_tool="lookup_order") == [
        ("lookup_order", {"order_number": "12345"})
    ]
    assert scene.calls(weather, forced_tool="unknown") == [("get_weather", {"city": "Paris"})]


def test_a_demanded_call_is_made_once_and_then_answered_from(dialogue: Dialogue) -> None:
    came_back = call("get_weather", "Sunny, 21 degrees.")
    assert shop(dialogue).says("weather in Paris", came_back, tool_choice="required") == "Sunny, 21 degrees."


def test_a_call_that_has_not_come_back_is_waited_for(dialogue: Dialogue) -> None:
    assert "waiting" in shop(dialogue).says("weather in Paris", call("get_weather"))


def test_without_tools_nothing_is_pretended(dialogue: Dialogue) -> None:
    assert "I don't know" in Scene(dialogue, "You are Medicare.", []).says(PREMIUM)


def test_the_same_context_gives_the_same_plan(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    assert medicare.plan(PREMIUM) == medicare.plan(PREMIUM)


def test_without_an_embedder_words_decide() -> None:
    words = Dialogue(Semantics(None))
    assert shop(words).calls("the weather of the city of Paris") == [("get_weather", {"city": "Paris"})]
    assert specialist(words, "medicare").calls("How much is the Part B premium?")[0][0] == "benefit_fact"
    assert shop(words, WEATHER, ORDER).says("What is photosynthesis?").startswith("I don't know")


def test_a_handoff_needs_no_scope_line(dialogue: Dialogue) -> None:
    billing = handoff("billing", "Bills, invoices, payments and refunds.")
    support = Scene(
        dialogue,
        "You are the technical support of a router maker: connections, wifi, updates.",
        [ORDER, billing],
    )
    assert (
        support.calls("I was charged twice, I want a refund for this invoice")[0][0] == "transfer_to_billing"
    )


def test_the_first_question_after_a_source_keeps_its_citation_numbers(dialogue: Dialogue) -> None:
    text = "Most people pay the standard Part B premium. The Part B premium is $202.90 a month in 2026."
    came_back = call("search_knowledge", found(source(7, text)))
    answer = specialist(dialogue, "medicare").says(PREMIUM, came_back)
    assert answer.startswith("The Part B premium is $202.90 a month in 2026. [7]")
