"""YAML that knows its line numbers, and tables of keys to check it against.

PyYAML's nodes carry positions that its plain values lose. Files are read into `Node` trees, and
`read_keys` compares a mapping with a table of `Key` rows: unknown, missing, repeated and
ill-typed keys all become `ConfigError` with file and line, collected rather than raised, so that
a person sees everything that is wrong at once.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from realtime_agents.errors import ConfigError

MAX_FILE_BYTES = 1_000_000
"""A configuration file is written by hand; anything larger is a mistake."""
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,39}")

_KIND_WORDS = {
    "line": "one line of text",
    "text": "text",
    "name": "a name of small letters, digits and _, such as va_claims",
    "names": "a list of names, such as [medicare, va]",
    "lines": "a list of texts",
    "whole": "a whole number",
    "number": "a number",
    "yes_no": "true or false",
    "date": "a date such as 2026-01-31",
    "mapping": "a block of keys",
    "mappings": "a list of blocks",
    "any": "a value",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file and the line it starts on, counted from 1."""

    value: Any
    """Plain scalar; ``tuple[Node, ...]`` for a list; ``dict[str, Node]`` for a mapping."""
    line: int


@dataclass(slots=True)
class Problems:
    """What is wrong with one file, in the order in which it was found."""

    file: str
    """As shown to people: relative to the working folder where it lies below it."""
    errors: list[ConfigError] = field(default_factory=list)

    def add(self, message: str, line: int | None) -> None:
        self.errors.append(ConfigError(message, file=self.file, line=line))


@dataclass(frozen=True, slots=True)
class Key:
    """One row of a schema table."""

    name: str
    kind: str
    """A word of ``_KIND_WORDS`` or ``choice:a|b``."""
    help: str
    required: bool = False
    default: str = ""
    """Shown in the README; empty when there is none."""


@dataclass(slots=True)
class Fields:
    """The valid values of a mapping; keys that were wrong are left out and already reported."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """For each key the line of its value, or of each item when it is a list."""

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def line_of(self, key: str, item: int = 0) -> int:
        lines = self.lines.get(key, ())
        return lines[item] if item < len(lines) else self.line


def shown_path(path: Path) -> str:
    """The path as people read it: relative to the working folder where it lies below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read_text(path: Path, problems: Problems) -> str | None:
    """The text of a file, or ``None`` after reporting why it cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            problems.add(f"larger than {MAX_FILE_BYTES:,} bytes", None)
            return None
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(f"not UTF-8 text: byte {error.start} cannot be read", None)
    except OSError as error:
        problems.add(f"cannot be read: {error.strerror or type(error).__name__}", None)
    return None


def parse_yaml(text: str, problems: Problems) -> dict[str, Node] | None:
    """The top-level mapping of a YAML text, or ``None`` after reporting why there is none."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            node = None if root is None else _Builder(loader, problems).build(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(_explain(error, text), mark.line + 1 if mark else None)
        return None
    except yaml.YAMLError as error:
        problems.add(f"not readable as YAML: {str(error).splitlines()[0]}", None)
        return None
    except RecursionError:
        problems.add("nested too deeply to be a configuration file", None)
        return None
    if node is None:
        problems.add("the file is empty", 1)
        return None
    if not isinstance(node.value, dict):
        problems.add(f"expected keys such as 'title: …', found {describe(node.value)}", node.line)
        return None
    return node.value


def read_keys(
    mapping: Mapping[str, Node], keys: tuple[Key, ...], problems: Problems, *, what: str, line: int = 1
) -> Fields:
    """Check a mapping against its table and return what is valid. ``what`` names it in messages."""
    known = {key.name: key for key in keys}
    fields = Fields(line)
    misspelled: set[str] = set()
    for name, node in mapping.items():
        key = known.get(name)
        if key is None:
            problems.add(f"unknown key {name!r} in {what}{nearest(name, known)}", node.line)
            misspelled.update(_similar(name, known))
            continue
        reason = _mismatch(key.kind, node)
        if reason:
            problems.add(f"{name!r} {reason}", node.line)
            continue
        fields.values[name] = _plain(key.kind, node)
        fields.lines[name] = _lines(node)
    for key in keys:
        if key.required and key.name not in mapping and key.name not in misspelled:
            problems.add(f"{what} needs the key {key.name!r}: {key.help}", line)
    return fields


def nearest(found: str, known: Iterable[str]) -> str:
    """A hint to append: the most similar known word, or all of them when none is similar."""
    words = list(known)
    close = _similar(found, words)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(words)}" if words else "; none are known"


def _similar(found: str, words: Iterable[str]) -> list[str]:
    """The most similar word, or nothing."""
    return difflib.get_close_matches(found.lower(), list(words), n=1, cutoff=0.6)


def describe(value: Any) -> str:
    """What a value is, in words for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{'true' if value else 'false'}"
        case int() | float() | date():
            return f"{value}"
        case str():
            return "text"
        case dict():
            return "a block of keys"
        case _:
            return "a list"


class _Builder:
    """PyYAML node graph → `Node` tree. Shared (aliased) nodes stay shared."""

    def __init__(self, loader: yaml.SafeLoader, problems: Problems) -> None:
        self._loader = loader
        self._problems = problems
        self._done: dict[int, Node] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        if id(node) in self._open:
            raise yaml.MarkedYAMLError(problem="the value contains itself", problem_mark=node.start_mark)
        if id(node) not in self._done:
            self._open.add(id(node))
            self._done[id(node)] = Node(self._value(node), line)
            self._open.discard(id(node))
        return self._done[id(node)]

    def _value(self, node: yaml.Node) -> Any:
        match node:
            case yaml.MappingNode():
                return self._mapping(node)
            case yaml.SequenceNode():
                return tuple(self.build(item) for item in node.value)
            case _:
                return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node)
        except ValueError:
            # 2026-02-30 looks like a date to YAML and is none.
            raise yaml.MarkedYAMLError(
                problem="the value looks like a date or a number and is none; put it in quotes",
                problem_mark=node.start_mark,
            ) from None

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        result: dict[str, Node] = {}
        first_line: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in result:
                self._problems.add(
                    f"the key {key!r} stands twice; the first is on line {first_line[key]}", line
                )
                continue
            first_line[key] = line
            value = self.build(value_node)
            # A missing value has no position of its own that a person would look at.
            result[key] = Node(value.value, line) if not isinstance(value.value, tuple) else value
        return result


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or "not readable as YAML"
    mark = error.problem_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem:
        return "a tab is used for indentation; YAML allows spaces only"
    if "mapping values are not allowed" in problem:
        return "a second ': ' on one line; put text that contains a colon in quotes, or start it with '>-'"
    if "could not find expected ':'" in problem or "expected <block end>" in problem:
        return f"the indentation or a ':' is wrong here or just above ({problem})"
    if "but got '?'" in problem:
        return "put text that contains a '?' in quotes inside [ ]"
    if "expected a single document" in (error.context or ""):
        return "the file holds more than one document; remove the '---' line"
    return problem


def _mismatch(kind: str, node: Node) -> str:
    """Why the value does not fit its kind; empty when it does."""
    value = node.value
    if kind.startswith("choice:"):
        options = kind.removeprefix("choice:").split("|")
        if value in options:
            return ""
        found = repr(value) if isinstance(value, str) else describe(value)
        hint = nearest(value, options) if isinstance(value, str) else ""
        return f"must be one of {', '.join(options)}; found {found}{hint if 'mean' in hint else ''}"
    if kind == "any" or _fits(kind, value):
        return ""
    found = repr(value) if isinstance(value, str) and kind == "name" else describe(value)
    if kind in ("line", "text") and isinstance(value, bool | int | float | date):
        found += " (put it in quotes to make it text)"
    if kind == "line" and isinstance(value, str):
        found = "nothing" if not value.strip() else "several lines"
    return f"must be {_KIND_WORDS[kind]}; found {found}"


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "line":
            return isinstance(value, str) and bool(value.strip()) and "\n" not in value.strip()
        case "text":
            return isinstance(value, str) and bool(value.strip())
        case "name":
            return isinstance(value, str) and NAME_PATTERN.fullmatch(value) is not None
        case "names":
            return isinstance(value, tuple) and all(_fits("name", item.value) for item in value)
        case "lines":
            return isinstance(value, tuple) and all(_fits("line", item.value) for item in value)
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "yes_no":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, date)
        case "mapping":
            return isinstance(value, dict)
        case "mappings":
            return isinstance(value, tuple) and all(isinstance(item.value, dict) for item in value)
        case _:
            raise ValueError(f"unknown kind {kind!r} in a schema table")


def _plain(kind: str, node: Node) -> Any:
    match kind:
        case "line" | "text":
            return node.value.strip()
        case "names" | "lines":
            return tuple(item.value.strip() for item in node.value)
        case _:
            return node.value


def _lines(node: Node) -> tuple[int, ...]:
    if isinstance(node.value, tuple):
        return tuple(item.line for item in node.value) or (node.line,)
    return (node.line,)
