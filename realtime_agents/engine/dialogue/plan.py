"""The dialogue: one pure decision per response, from prompt, tools and conversation alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from realtime_agents.engine.dialogue import phrases, routing
from realtime_agents.engine.dialogue.answer import (
    Question,
    compose,
    compose_in_spanish,
    compose_parts,
    is_empty,
    opening,
)
from realtime_agents.engine.dialogue.fill import Filled, Said, fill
from realtime_agents.engine.dialogue.followup import Resolved, questions_in, resolve
from realtime_agents.engine.dialogue.intent import Intent, classify, strip_lead
from realtime_agents.engine.dialogue.language import wants_spanish
from realtime_agents.engine.dialogue.programs import named_programs
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.statements import is_statement, join_continued
from realtime_agents.engine.dialogue.view import (
    DialogueContext,
    Exchange,
    Prompt,
    ToolSpec,
    parse_object,
    read_exchanges,
    read_prompt,
)

MAX_SPANISH_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Answer with words."""

    text: str
    more: Callable[[], str] | None = field(default=None, compare=False)
    """Gives the rest of the answer, which takes a while; ``text`` ends with a sentence then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTools:
    """Call tools, in this order: ``(name, arguments as JSON text)``."""

    calls: tuple[tuple[str, str], ...]


Plan = Say | CallTools


class Dialogue:
    """Plans responses. Synchronous, without state of its own; safe to share between sessions and threads."""

    def __init__(self, semantics: Semantics) -> None:
        self._semantics = semantics

    def warm(self, context: DialogueContext) -> None:
        """Embed the texts of a session ahead of its first question."""
        self._semantics.warm(routing.texts_of(read_prompt(context.instructions), context.tools))

    def plan(self, context: DialogueContext) -> Plan:
        """What to do next. The same context always gives the same plan."""
        return _Turn(context, self._semantics).plan()


class _Turn:
    """One decision in the making."""

    def __init__(self, context: DialogueContext, semantics: Semantics) -> None:
        self._context = context
        self._semantics = semantics
        self._prompt: Prompt = read_prompt(context.instructions)
        self._exchanges = join_continued(read_exchanges(context.items))
        self._resolved: Resolved = resolve(self._exchanges, self._prompt.today)

    def plan(self) -> Plan:
        if self._prompt.verbatim:
            return Say(text=self._prompt.verbatim)
        plan = self._answer()
        heard = self._exchanges[-1].reply if self._exchanges and self._prompt.goes_on else ""
        return _behind(heard, plan) if heard and isinstance(plan, Say) else plan

    def _answer(self) -> Plan:
        if not self._exchanges:
            return self._forced() or Say(text=phrases.greeting(self._prompt, self._context.tools))
        current = self._exchanges[-1]
        spanish = wants_spanish(current.request)
        if current.lookups:
            return self._in_spanish(current) if spanish else self._after_lookups(current)
        if forced := self._forced():
            return forced
        if spanish:
            return self._in_spanish(current)
        return self._small_talk(current) or self._request(current)

    def _after_lookups(self, current: Exchange) -> Plan:
        """Answer from what came back; where nothing was found, try the search that was not tried."""
        called = {call.name for call in current.lookups}
        rest = [tool for tool in self._usable() if routing.is_search(tool) and tool.name not in called]
        if rest and is_empty(current.lookups) and (plan := self._call(rest[0].name)):
            return plan
        parts = [
            Question(text=text, prompt=self._prompt, tools=self._context.tools)
            for text in questions_in(self._resolved.text)
        ]
        if len(parts) > 1 and (answer := compose_parts(parts, current.lookups, self._semantics)):
            return Say(text=answer)
        question = Question(text=self._resolved.text, prompt=self._prompt, tools=self._context.tools)
        begun, calls, semantics = opening(current.lookups), current.lookups, self._semantics
        if begun:
            return Say(text=begun, more=lambda: compose(question, calls, semantics).removeprefix(begun))
        answer = compose(question, calls, semantics)
        nothing = phrases.not_found(self._prompt, self._context.tools)
        if answer != nothing:
            return Say(text=answer)
        if is_statement(current.request):
            return Say(text=phrases.NOTED)
        return (
            self._look_again(current)
            or self._hand_over(current, routing.HANDOFF_MARGIN_EMPTY_HANDED)
            or self._pass_on(current)
            or Say(text=answer)
        )

    def _in_spanish(self, current: Exchange) -> Plan:
        """Only English is understood: looks up, once, who answers in Spanish, and says so in Spanish."""
        search = next((tool for tool in self._usable() if routing.is_search(tool)), None)
        if not current.lookups and search is not None:
            return self._call_filled(
                [(search.name, self._fill(search, phrases.SPANISH_QUERY))], must=True
            ) or Say(text=phrases.ONLY_ENGLISH)
        if not current.lookups and not current.was_handed_over:
            reason = phrases.WRITES_IN_SPANISH
            handoff = routing.best_handoff(current.request, self._usable(), self._semantics, reason)
            if handoff is not None:
                return CallTools(calls=((handoff.tool.name, _json({"reason": handoff.reason})),))
        return Say(
            text=compose_in_spanish(current.lookups, 1 if self._context.aloud else MAX_SPANISH_SENTENCES)
        )

    def _look_again(self, current: Exchange) -> Plan | None:
        """Once more, about the subject before the last one: people come back to what they asked first."""
        instead = self._resolved.instead
        search = next((tool for tool in self._usable() if routing.is_search(tool)), None)
        if not instead or search is None:
            return None
        again = [call for call in current.lookups if instead in (parse_object(call.arguments) or {}).values()]
        if not again:
            return self._call_filled([(search.name, self._fill(search, instead))])
        question = Question(text=instead, prompt=self._prompt, tools=self._context.tools)
        answer = compose(question, again, self._semantics)
        nothing = phrases.not_found(self._prompt, self._context.tools)
        return None if answer == nothing else Say(text=answer)

    def _forced(self) -> Plan | None:
        """The call that `tool_choice` demands; made once per user message."""
        tools = self._context.tools
        if self._context.forced_tool is not None:
            known = self._context.forced_tool in {tool.name for tool in tools}
            return self._call(self._context.forced_tool, must=True) if known else None
        if self._context.tool_choice != "required" or not tools:
            return None
        if self._exchanges and self._exchanges[-1].was_handed_over and all(tool.is_handoff for tool in tools):
            return None
        scored = routing.score_tools(self._resolved.text, self._prompt, tools, self._semantics)
        fillable = [s.tool for s in scored if not self._fill(s.tool).missing]
        best = [*fillable, *(s.tool for s in scored), *tools][0]
        return self._call(best.name, must=True)

    def _small_talk(self, current: Exchange) -> Plan | None:
        if self._resolved.answers:
            return None
        prompt, tools = self._prompt, self._context.tools
        match classify(current.request):
            case Intent.GREETING:
                return Say(text=phrases.greeting(prompt, tools))
            case Intent.THANKS:
                return Say(text=phrases.WELCOME)
            case Intent.GOODBYE:
                return Say(text=phrases.GOODBYE)
            case Intent.IDENTITY:
                return Say(text=phrases.identity(prompt, tools))
            case Intent.HELP:
                return Say(text=phrases.help_text(prompt, tools))
            case Intent.REPEAT:
                said = [e.reply for e in self._exchanges[:-1] if e.reply]
                return Say(text=said[-1] if said else phrases.NOTHING_TO_REPEAT)
            case Intent.ACKNOWLEDGE:
                return Say(text=phrases.ANYTHING_ELSE)
            case Intent.STOP:
                return Say(text=phrases.STOPPED)
            case Intent.UNCLEAR:
                return Say(text=phrases.UNCLEAR)
            case Intent.REQUEST:
                return None

    def _request(self, current: Exchange) -> Plan:
        prompt, tools = self._prompt, self._usable()
        if not tools:
            return Say(text=phrases.NO_TOOLS if not self._context.tools else self._unknown())
        arrived = current.was_handed_over and routing.wishes_transfer(current.request)
        if arrived or routing.asks_for_this_agent(current.request, prompt.title):
            return Say(text=phrases.arrived(prompt, self._context.tools))
        return (
            self._hand_over(current, routing.HANDOFF_MARGIN)
            or self._look_up(tools)
            or Say(text=phrases.NOTED if is_statement(current.request) else self._unknown())
        )

    def _hand_over(self, current: Exchange, margin: float) -> Plan | None:
        """To the agent that fits better by ``margin``, at most once per message."""
        if current.was_handed_over:
            return None
        handoff = routing.choose_handoff(
            self._resolved.text, self._prompt, self._usable(), self._semantics, margin
        )
        return CallTools(calls=((handoff.tool.name, _json({"reason": handoff.reason})),)) if handoff else None

    def _pass_on(self, current: Exchange) -> Plan | None:
        """To the next agent, when the one the question was passed to found nothing and it names no program."""
        passed = current.handoffs == 1 and current.calls[0].is_handoff
        if current.steered or not passed or named_programs(self._resolved.text):
            return None
        others = [tool for tool in self._usable() if tool.name not in {call.name for call in current.calls}]
        handoff = routing.best_handoff(self._resolved.text, others, self._semantics, phrases.NOTHING_THERE)
        return CallTools(calls=((handoff.tool.name, _json({"reason": handoff.reason})),)) if handoff else None

    def _look_up(self, tools: Sequence[ToolSpec]) -> Plan | None:
        request = self._resolved.text
        scored = routing.score_tools(request, self._prompt, tools, self._semantics)
        search = next((s.tool for s in scored if routing.is_search(s.tool)), None)
        value = next((s.tool for s in scored if routing.is_exact_value(s.tool)), None)
        general = [s for s in scored if s.tool in (search, value)]
        special = [s for s in scored if s.tool not in (search, value)]
        if special and (plan := self._special(special, general)):
            return plan
        asked = self._tools_that_asked(tools)
        if not asked and not routing.in_domain(request, self._prompt, tools, self._semantics):
            return None
        calls = [(tool.name, self._fill(tool)) for tool in asked]
        parts = questions_in(request)
        for part in parts:
            exact = value if value and (routing.asks_for_value(part, value) or not search) else None
            wanted = [tool for tool in (exact, search) if tool is not None and tool not in asked]
            calls += [(tool.name, self._fill(tool, part if len(parts) > 1 else None)) for tool in wanted]
        return self._call_filled(calls)

    def _special(self, special: Sequence[routing.Scored], general: Sequence[routing.Scored]) -> Plan | None:
        """The tools made for just this, if one clearly beats the general ones; each clause may have its own."""
        best = special[0]
        floor = max((s.score for s in general), default=0.0)
        missing = self._fill(best.tool).missing
        if missing and general and routing.asks_in_general(self._resolved.text):
            return None
        lead = best.score - floor
        if best.score < routing.TOOL_FLOOR or lead < (routing.ASK_MARGIN if missing else routing.TOOL_MARGIN):
            return None
        clauses = routing.clauses_of(self._resolved.text)
        calls = [(best.tool.name, self._fill(best.tool))]
        for clause in clauses if len(clauses) > 1 else ():
            own = routing.score_tools(clause, self._prompt, [s.tool for s in special], self._semantics)[0]
            filled = self._fill(own.tool, clause)
            fits = own.score >= max(routing.TOOL_FLOOR, floor) and not filled.missing
            if fits and own.tool.name not in {name for name, _ in calls}:
                calls.append((own.tool.name, filled))
        return self._call_filled(calls)

    def _tools_that_asked(self, tools: Sequence[ToolSpec]) -> list[ToolSpec]:
        """The tools whose own question the person has just answered."""
        if not self._resolved.answers or len(self._exchanges) < 2:
            return []
        names = self._exchanges[-2].tools_in_need
        return [tool for tool in tools if tool.name in names]

    def _call(self, name: str, *, must: bool = False) -> Plan | None:
        tool = next(tool for tool in self._context.tools if tool.name == name)
        return self._call_filled([(name, self._fill(tool))], must=must)

    def _call_filled(self, calls: Sequence[tuple[str, Filled]], *, must: bool = False) -> Plan | None:
        """Call what can be called; ask for what the first tool lacks when nothing can."""
        ready = [(name, _json(f.arguments)) for name, f in calls if must or not f.missing]
        if ready:
            return CallTools(calls=tuple(ready if self._context.parallel_tool_calls else ready[:1]))
        missing = [label for _, f in calls for label in f.missing]
        return Say(text=phrases.ask_for(missing[0])) if missing else None

    def _fill(self, tool: ToolSpec, clause: str | None = None) -> Filled:
        """Arguments from the whole request, or from one clause of it alone."""
        earlier = tuple(strip_lead(e.request) for e in reversed(self._exchanges[:-1]))
        said = Said(
            query=clause or self._resolved.text,
            current=clause or self._resolved.current,
            earlier=earlier,
            today=self._prompt.today,
            asked_for=self._resolved.asked_for,
        )
        return fill(tool, said, self._semantics)

    def _usable(self) -> tuple[ToolSpec, ...]:
        return () if self._context.tool_choice == "none" else self._context.tools

    def _unknown(self) -> str:
        return phrases.out_of_domain(self._prompt, self._context.tools)


def _behind(heard: str, answer: Say) -> Say:
    """The rest of an answer whose first words were ``heard``; all of it when it begins otherwise."""
    whole = answer.text + (answer.more() if answer.more is not None else "")
    words, known = [*re.finditer(r"\S+", whole)], heard.split()
    if [word[0] for word in words[: len(known)]] != known:
        return answer
    return Say(text=whole[words[len(known) - 1].end() :].lstrip() or phrases.ANYTHING_ELSE)


def _json(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
