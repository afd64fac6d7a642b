"""Agents for dialogue tests: three benefit specialists with a greeter, and a shop that knows nothing of them."""

from __future__ import annotations

from realtime_agents.engine.dialogue.plan import Dialogue
from realtime_agents.engine.dialogue.view import ToolSpec
from tests.engine.dialogue.scene import TEXT, TODAY, Scene, handoff, tool

ABOUT = {
    "medicare": (
        "Medicare alone: Part A, Part B, Part C (Medicare Advantage) and Part D; premiums, deductibles and"
        " income-related amounts (IRMAA); enrolment periods and late enrolment penalties; Medigap; Extra Help; hospital,"
        " skilled nursing, home health, hospice and kidney coverage; drug plans; claims, appeals and complaints."
    ),
    "va": (
        "Benefits from the Department of Veterans Affairs: VA health care, eligibility, copays, prescriptions; disability"
        " compensation, ratings and monthly rates; pension; education and the GI Bill; home loans; burial and memorials;"
        " life insurance; records and Veteran ID card; VA claims, decision reviews and appeals."
    ),
    "both": (
        "Medicare and VA together: whether someone with VA health care needs Part B or Part D, which of the two pays"
        " first, CHAMPVA with Medicare, TRICARE For Life with Medicare, turning 65 as a veteran."
    ),
}
SEARCH = tool(
    "search_knowledge",
    "Search the knowledge base for passages that answer a question about Medicare or VA benefits: rules, coverage,"
    " eligibility, how to apply, appeals. Returns numbered passages with their date.",
    ["query"],
    query=TEXT,
    topic=TEXT,
)
FACT = tool(
    "benefit_fact",
    "Look up one exact, dated figure: premiums, deductibles, caps, income limits, penalties, enrollment dates,"
    " compensation rates, phone numbers.",
    ["question"],
    question=TEXT,
    year={"type": "integer"},
)
WEATHER = tool(
    "get_weather",
    "Get the current weather and forecast for a city.",
    ["city"],
    city=TEXT,
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
ORDER = tool(
    "lookup_order", "Look up the status of a customer's order by its order number.", order_number=TEXT
)
DENTIST = tool(
    "book_appointment",
    "Book an appointment at the dentist.",
    ["date"],
    date={"type": "string", "format": "date"},
    new_patient={"type": "boolean"},
)


def specialist(dialogue: Dialogue, name: str) -> Scene:
    """One of `ABOUT`, with both tools and handoffs to the others."""
    others = [handoff(other, ABOUT[other]) for other in ABOUT if other != name]
    prompt = f"You are {name.capitalize()}.\n\nYour scope: {ABOUT[name]}\n\n{TODAY}"
    return Scene(dialogue, prompt, [SEARCH, FACT, *others])


def greeter(dialogue: Dialogue) -> Scene:
    """Only handoffs."""
    prompt = f"You are Greeter.\n\nYour scope: Welcomes people and passes questions on.\n\n{TODAY}"
    return Scene(dialogue, prompt, [handoff(name, about) for name, about in ABOUT.items()])


def shop(dialogue: Dialogue, *tools: ToolSpec) -> Scene:
    """A foreign client: other tools, no scope line."""
    return Scene(dialogue, f"You are a friendly shop assistant. {TODAY}", tools or (WEATHER, ORDER, DENTIST))
