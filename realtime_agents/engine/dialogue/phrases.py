"""Every fixed phrase of the local engine, in one place. Everything else it says comes from tools."""

from __future__ import annotations

import re
from collections.abc import Sequence

from realtime_agents.engine.dialogue.followup import ASK_OPENING
from realtime_agents.engine.dialogue.text import spoken_name
from realtime_agents.engine.dialogue.view import Prompt, ToolSpec

SCOPE_WORDS = 24
_VERB_HEAD = re.compile(
    r"^(?:answers|helps|welcomes|handles|explains|covers|looks|finds|talks|gives|manages|takes|routes|guides|supports)\b",
    re.IGNORECASE,
)

STILL_WAITING = "I'm still waiting for that lookup to come back."
WELCOME = "You're welcome. Is there anything else you'd like to know?"
GOODBYE = "Goodbye, and take care."
ANYTHING_ELSE = "Is there anything else you'd like to know?"
STOPPED = "All right, I've stopped."
NOTED = "I see. What would you like to know?"
UNCLEAR = "I didn't understand that. Could you say it in other words?"
NOTHING_TO_REPEAT = "I haven't said anything yet that I could repeat."
ONLY_ENGLISH = (
    "Lo siento: el motor integrado de este asistente solo entiende y habla inglés. (The built-in engine of this assistant"
    " understands English only.)"
)
SPANISH_QUERY = "help in Spanish, ayuda en español"
"""What is searched for when somebody writes Spanish: who answers in Spanish."""
WRITES_IN_SPANISH = "writes in Spanish"
NOTHING_THERE = "nothing was found there"
NO_TOOLS = "I don't know that, and I have nothing here to look it up with."


def greeting(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    return f"Hello. {_named(prompt)}{scope(prompt, tools)} What would you like to know?"


def identity(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    who = f"I'm the {prompt.title} agent" if prompt.title else "I'm an automated assistant"
    return (
        f"{who}. I run on a small rule-based engine on this server: I'm not a person and not a large language model."
        f" {scope(prompt, tools)}"
    )


def help_text(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    return f"{scope(prompt, tools)} Ask in your own words, one question at a time."


def arrived(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    return f"{_named(prompt)}{scope(prompt, tools)} What would you like to know?"


def out_of_domain(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    return f"I don't know about that. {scope(prompt, tools)}"


def not_found(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    return f"I don't know: I found nothing that answers that. {scope(prompt, tools)}"


def nothing_on(question: str) -> str:
    return f"I found nothing on your other question, “{question.rstrip('?')}”."


def not_held(year: int | None) -> str:
    when = f" for {year}" if year else " for that date"
    return f"I don't know that value{when} yet: it is not in what I have."


def other_year(year: int) -> str:
    return f"I don't have a value for {year}. What I have is this:"


def see_also(numbers: Sequence[int]) -> str:
    return f"See also {' '.join(f'[{n}]' for n in numbers)}."


def failed(message: str) -> str:
    detail = f" ({message.rstrip('.')})" if message else ""
    return f"That lookup failed{detail}. Please try again in a moment, or ask in other words."


def ask_for(label: str) -> str:
    """One short question; `followup` recognises its opening and reads the next turn as the answer."""
    return f"{ASK_OPENING}{label}. Could you tell me?"


def found(description: str) -> str:
    return f"Here is what I found: {description}"


def scope(prompt: Prompt, tools: Sequence[ToolSpec]) -> str:
    """One sentence on what this agent can help with, out of its own prompt and tools."""
    handoffs = [tool for tool in tools if tool.is_handoff]
    lookups = [tool for tool in tools if not tool.is_handoff]
    if handoffs and not lookups:
        heads = [re.split(r"[:;.]", tool.description, maxsplit=1)[0].strip() for tool in handoffs]
        return f"I can put you through to: {'; '.join(h for h in heads if h)}."
    if prompt.has_scope_line:
        text = _opening_in_lower_case(_clipped(prompt.scope), prompt.scope)
        if _VERB_HEAD.match(text):
            return f"This agent {text[:1].lower()}{text[1:]}."
        return f"I can help with {text}."
    if lookups:
        return f"I can help with: {', '.join(spoken_name(tool.name) for tool in lookups[:6])}."
    return "I can only say what I find with the tools I am given."


def _opening_in_lower_case(text: str, whole: str) -> str:
    """``Benefits from …`` → ``benefits from …``, if the word is written small elsewhere: names stay as they are."""
    first = re.match(r"[A-Z][a-z]+", text)
    return text[:1].lower() + text[1:] if first and first[0].lower() in whole else text


def _named(prompt: Prompt) -> str:
    return f"You're talking to the {prompt.title} agent. " if prompt.title else ""


def _clipped(text: str) -> str:
    parts = text.split()
    if len(parts) <= SCOPE_WORDS:
        return text.rstrip(". ")
    cut = " ".join(parts[:SCOPE_WORDS])
    end = max(cut.rfind(mark) for mark in (",", ";", "."))
    return (cut[:end] if end > 0 else cut).replace(";", ",").rstrip(" ,:.")
