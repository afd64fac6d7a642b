"""Fact files (``facts/*.yaml``) → facts, or every mistake in them with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime_agents.errors import ConfigError
from realtime_agents.knowledge.fact_model import Choice, Condition, Fact, FactSource, FactValue, Lexicon
from realtime_agents.yaml_source import (
    Fields,
    Key,
    Node,
    Problems,
    nearest,
    parse_yaml,
    read_keys,
    read_text,
    shown_path,
)

WORDS_FILE = "words.yaml"
BAND_SUFFIXES = ("_over", "_at_least", "_up_to", "_below")

FILE_KEYS: tuple[Key, ...] = (
    Key("sources", "mapping", "Documents of this file: a short key, then title and url.", required=True),
    Key("facts", "mappings", "The facts, each a block.", required=True),
)
SOURCE_KEYS: tuple[Key, ...] = (
    Key("title", "line", "Title of the document.", required=True),
    Key("url", "line", "Its public address.", default="none"),
)
FACT_KEYS: tuple[Key, ...] = (
    Key("name", "name", "Unique name of the fact.", required=True),
    Key("topic", "line", "Dotted subject, such as medicare.cost.", required=True),
    Key("label", "line", "What it is, in plain words with an article: the Part B deductible.", required=True),
    Key("unit", "line", "Unit of the values: USD, USD/month, percent, days, phone …", required=True),
    Key("needs", "lines", "Words a question must have; alternatives are separated by |.", default="none"),
    Key("asks", "lines", "Questions it answers, as people put them.", default="none; then it is never found"),
    Key("say", "line", "Sentence with {value} and {conditions}, beginning small.", default="label is value"),
    Key("values", "mappings", "The values, each a block.", required=True),
)
VALUE_KEYS: tuple[Key, ...] = (
    Key("id", "line", "Unique id of the value.", required=True),
    Key("value", "any", "The value; null with a year means that none is held for it.", required=True),
    Key("unit", "line", "Unit, when it differs from the fact's.", default="the fact's"),
    Key("when", "mapping", "Conditions, such as {rating: 70}.", default="none"),
    Key("from", "date", "First day on which it holds.", default="open"),
    Key("to", "date", "Last day on which it holds.", default="open"),
    Key("year", "whole", "Benefit year it belongs to.", default="none"),
    Key("source", "name", "Key of its document.", required=True),
    Key("where", "line", "Page or section.", default="none"),
    Key("as_of", "line", "Date of the document, in quotes.", default="none"),
    Key("say", "line", "Sentence for this value alone.", default="the fact's"),
    Key("replaced_by", "line", "Id of the value that is right instead.", default="none"),
)
WORDS_KEYS: tuple[Key, ...] = (
    Key("terms", "mapping", "A name, then the spellings of one thing.", default="none"),
    Key("conditions", "mapping", "What values depend on.", default="none"),
)
CONDITION_KEYS: tuple[Key, ...] = (
    Key("kind", "choice:choice|money|percent|note", "How it is recognized in a question.", default="choice"),
    Key("ask", "line", "What to ask the person for.", default="none"),
    Key("say", "line", "How it is spoken, for numbers.", default="none"),
    Key("usual", "line", "The choice taken, and named, when the question gives none.", default="none"),
    Key("must", "yes_no", "A question without it is not about the fact.", default="false"),
    Key("choices", "mapping", "The possible values.", default="none"),
)
CHOICE_KEYS: tuple[Key, ...] = (
    Key("say", "line", "How the choice is spoken.", required=True),
    Key("words", "lines", "How people say it.", required=True),
)


@dataclass(slots=True)
class FactReading:
    """What a folder of fact files holds; usable only when there are no errors."""

    facts: list[Fact] = field(default_factory=list)
    lexicon: Lexicon = field(default_factory=Lexicon)
    errors: list[ConfigError] = field(default_factory=list)


def read_facts(folder: Path) -> FactReading:
    """Read ``folder`` and collect everything that is wrong with it. Never raises.

    A folder that does not exist holds no facts: a scenario need not have any.
    """
    reading = FactReading()
    words = folder / WORDS_FILE
    if words.exists():
        reading.lexicon = _read_words(words, reading.errors)
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path != words and not path.name.startswith("."):
            reading.facts += _FactFile(path, reading, seen).read()
    return reading


class _FactFile:
    """Reads one file; ``seen`` holds the names and ids of the whole folder."""

    def __init__(self, path: Path, reading: FactReading, seen: dict[str, str]) -> None:
        self._path = path
        self._reading = reading
        self._seen = seen
        self._problems = Problems(shown_path(path))
        self._sources: dict[str, FactSource] = {}

    def read(self) -> list[Fact]:
        facts: list[Fact] = []
        fields = _fields(self._path, FILE_KEYS, self._problems, "a fact file")
        for key, node in (fields.get("sources") or {}).items():
            source = self._block(node, SOURCE_KEYS, f"the source {key!r}")
            if source is not None and "title" in source.values:
                self._sources[key] = FactSource(**source.values)
        for node in fields.get("facts", ()):
            fact = self._fact(node)
            if fact is not None:
                facts.append(fact)
        self._reading.errors += self._problems.errors
        return facts

    def _fact(self, node: Node) -> Fact | None:
        before = len(self._problems.errors)
        fields = read_keys(node.value, FACT_KEYS, self._problems, what="a fact", line=node.line)
        self._once(fields, "name")
        values = [self._value(item, fields.get("unit", "")) for item in fields.get("values", ())]
        if "values" in fields.values and not values:
            self._problems.add("a fact needs at least one value", fields.line_of("values"))
        if len(self._problems.errors) > before:
            return None
        needs = tuple(tuple(group.split("|")) for group in fields.get("needs", ()))
        return Fact(
            name=fields.get("name"),
            topic=fields.get("topic"),
            label=fields.get("label"),
            asks=fields.get("asks", ()),
            needs=needs,
            say=fields.get("say", ""),
            values=tuple(value for value in values if value is not None),
        )

    def _value(self, node: Node, unit: str) -> FactValue | None:
        fields = read_keys(node.value, VALUE_KEYS, self._problems, what="a value", line=node.line)
        self._once(fields, "id")
        source = self._sources.get(fields.get("source", ""))
        if source is None and "source" in fields.values:
            hint = nearest(fields.get("source"), self._sources)
            self._problems.add(f"unknown source {fields.get('source')!r}{hint}", fields.line_of("source"))
        if fields.get("value") is None and fields.get("year") is None and "value" in fields.values:
            self._problems.add("a value of null needs a year: the one it is not held for", fields.line)
        valid_from, valid_to = fields.get("from"), fields.get("to")
        if valid_from and valid_to and valid_from > valid_to:
            self._problems.add("'from' lies after 'to'", fields.line_of("from"))
        when = self._when(fields)
        if source is None or "id" not in fields.values or "value" not in fields.values:
            return None
        return FactValue(
            id=fields.get("id"),
            value=_scalars(fields.get("value")),
            unit=fields.get("unit", unit),
            source=source,
            where=fields.get("where", ""),
            as_of=fields.get("as_of", ""),
            when=when,
            valid_from=valid_from,
            valid_to=valid_to,
            year=fields.get("year"),
            say=fields.get("say", ""),
            replaced_by=fields.get("replaced_by", ""),
        )

    def _when(self, fields: Fields) -> dict[str, Any]:
        """The conditions of a value, each known to the words file."""
        conditions = self._reading.lexicon.conditions
        when: dict[str, Any] = {}
        for name, node in (fields.get("when") or {}).items():
            base = condition_name(name)
            condition = conditions.get(base)
            if condition is None:
                hint = nearest(base, conditions)
                self._problems.add(f"unknown condition {base!r}, not in {WORDS_FILE}{hint}", node.line)
            elif condition.kind == "choice" and str(node.value) not in condition.choices:
                hint = nearest(str(node.value), condition.choices)
                self._problems.add(f"{base!r} has no choice {str(node.value)!r}{hint}", node.line)
            when[name] = node.value
        return when

    def _once(self, fields: Fields, key: str) -> None:
        found = fields.get(key)
        if found is None:
            return
        here = f"{self._problems.file}:{fields.line_of(key)}"
        if f"{key} {found}" in self._seen:
            where = self._seen[f"{key} {found}"]
            self._problems.add(f"the {key} {found!r} is already used at {where}", fields.line_of(key))
        self._seen[f"{key} {found}"] = here

    def _block(self, node: Node, keys: tuple[Key, ...], what: str) -> Fields | None:
        if not isinstance(node.value, dict):
            self._problems.add(f"{what} must be a block of keys", node.line)
            return None
        return read_keys(node.value, keys, self._problems, what=what, line=node.line)


def condition_name(key: str) -> str:
    """``income_over`` → ``income``; other names as they are."""
    for suffix in BAND_SUFFIXES:
        if key.endswith(suffix):
            return key.removesuffix(suffix)
    return key


def _read_words(path: Path, errors: list[ConfigError]) -> Lexicon:
    problems = Problems(shown_path(path))
    fields = _fields(path, WORDS_KEYS, problems, "a words file")
    terms: dict[str, tuple[str, ...]] = {}
    for name, node in (fields.get("terms") or {}).items():
        if isinstance(node.value, tuple) and all(isinstance(item.value, str) for item in node.value):
            terms[name] = tuple(item.value for item in node.value)
        else:
            problems.add(f"the term {name!r} must be a list of spellings", node.line)
    conditions = {
        name: _condition(name, node, problems) for name, node in (fields.get("conditions") or {}).items()
    }
    errors += problems.errors
    return Lexicon(terms=terms, conditions=conditions)


def _condition(name: str, node: Node, problems: Problems) -> Condition:
    if not isinstance(node.value, dict):
        problems.add(f"the condition {name!r} must be a block of keys", node.line)
        return Condition(name=name, kind="note")
    fields = read_keys(node.value, CONDITION_KEYS, problems, what=f"the condition {name!r}", line=node.line)
    choices: dict[str, Choice] = {}
    for choice, choice_node in (fields.get("choices") or {}).items():
        found = _choice(choice, choice_node, problems)
        if found is not None:
            choices[choice] = found
    usual = fields.get("usual", "")
    if usual and usual not in choices:
        problems.add(f"'usual' names no choice {usual!r}{nearest(usual, choices)}", fields.line_of("usual"))
    return Condition(
        name=name,
        kind=fields.get("kind", "choice"),
        ask=fields.get("ask", ""),
        say=fields.get("say", ""),
        usual=usual,
        must=fields.get("must", False),
        choices=choices,
    )


def _choice(name: str, node: Node, problems: Problems) -> Choice | None:
    if not isinstance(node.value, dict):
        problems.add(f"the choice {name!r} must be a block with say and words", node.line)
        return None
    fields = read_keys(node.value, CHOICE_KEYS, problems, what=f"the choice {name!r}", line=node.line)
    if "say" not in fields.values or "words" not in fields.values:
        return None
    return Choice(say=fields.get("say"), words=fields.get("words"))


def _fields(path: Path, keys: tuple[Key, ...], problems: Problems, what: str) -> Fields:
    text = read_text(path, problems)
    mapping = None if text is None else parse_yaml(text, problems)
    return Fields(1) if mapping is None else read_keys(mapping, keys, problems, what=what)


def _scalars(value: Any) -> Any:
    """Plain Python values out of the nodes of a list or block."""
    match value:
        case tuple():
            return [_scalars(item.value) for item in value]
        case dict():
            return {key: _scalars(node.value) for key, node in value.items()}
        case _:
            return value
