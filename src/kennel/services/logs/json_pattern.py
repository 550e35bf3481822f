"""JSON filter patterns: `{ ($.level = "ERROR" || $.code >= 500) && $.user NOT EXISTS }`.

    pattern     "{" any "}"
    any         all ("||" all)*
    all         condition ("&&" condition)*
    condition   "(" any ")" | selector operator value | selector "IS" (TRUE | FALSE | NULL)
                | selector "NOT" "EXISTS"
    selector    "$" ("." name | "['name']" | "[" index "]" | "[*]")*
    operator    "=" "!=" ">" ">=" "<" "<="
    value       number | "string" | bare word; a string may hold "*" for any run of characters

A number compares with numbers only, a string (by = and != only) with strings. A comparison with
a field that is not there is false. Source: "Filter pattern syntax" of the CloudWatch Logs guide.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from kennel.errors import NotImplementedByKennel
from kennel.services.logs.errors import InvalidParameterException

__all__ = ["compile_json_pattern"]

_Test = Callable[[Any], bool]
_Path = tuple[str | int | None, ...]  # a name, an index, or None for every element

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\.[\w\-]+|\[\d+\]|\[\*\]|\['[^']*'\])*)
      | (?P<logic>&&|\|\||[()])
      | (?P<operator>!=|>=|<=|=|>|<)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<regex>%)
      | (?P<bare>[^\s()&|=<>!"{}%]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([\w\-]+)|\[(\d+)\]|\[(\*)\]|\['([^']*)'\]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_CONSTANTS: dict[str, object] = {"TRUE": True, "FALSE": False, "NULL": None}
_MAX_DEPTH = 50  # of parentheses; far more than 1,024 characters usefully hold


class _Token(NamedTuple):
    kind: str
    text: str


def compile_json_pattern(text: str) -> Callable[[str], bool]:
    """The pattern as a test of one message; a message that is not JSON never matches.

    Raises InvalidParameterException for a malformed pattern, NotImplementedByKennel for one with
    a regular expression.
    """
    if not text.endswith("}"):
        raise InvalidParameterException("If a filter pattern starts with '{' it must end with '}'")
    test = _Parser(_tokens(text[1:-1])).parse()

    def matches(message: str) -> bool:
        try:
            document = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError):
            return False
        return test(document)

    return matches


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _invalid(f"unexpected '{text[place:].strip()[:20]}'")
        if match.lastgroup == "regex":
            raise NotImplementedByKennel(
                "Kennel does not match regular expressions (%…%) in filter patterns. "
                'Compare with a string, where "*" stands for any run of characters.'
            )
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return tokens


class _Parser:
    """Recursive descent over the grammar above."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def parse(self) -> _Test:
        test = self._any()
        if self._place < len(self._tokens):
            raise _invalid(f"unexpected '{self._tokens[self._place].text}'")
        return test

    def _any(self) -> _Test:
        tests = [self._all()]
        while self._skip("||"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _all(self) -> _Test:
        tests = [self._condition()]
        while self._skip("&&"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _condition(self) -> _Test:
        if self._skip("("):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise _invalid(f"parentheses are nested more than {_MAX_DEPTH} deep")
            test = self._any()
            if not self._skip(")"):
                raise _invalid("a parenthesis is not closed")
            self._depth -= 1
            return test
        path = _path(self._next("selector").text)
        following = self._next("operator", "bare")
        if following.kind == "operator":
            return _comparison(path, following.text, self._next("string", "bare"))
        word = self._next("bare").text.upper()
        if following.text.upper() == "IS" and word in _CONSTANTS:
            constant = _CONSTANTS[word]
            return lambda value: any(found is constant for found in _select(value, path))
        if following.text.upper() == "NOT" and word == "EXISTS":
            return lambda value: not any(True for _ in _select(value, path))
        raise _invalid(f"unexpected '{following.text} {word}'")

    def _next(self, *kinds: str) -> _Token:
        if self._place >= len(self._tokens):
            raise _invalid("it ends too early")
        token = self._tokens[self._place]
        if token.kind not in kinds:
            raise _invalid(f"unexpected '{token.text}'")
        self._place += 1
        return token

    def _skip(self, text: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == ("logic", text):
            self._place += 1
            return True
        return False


def _path(selector: str) -> _Path:
    steps: list[str | int | None] = []
    for name, index, every, quoted in _STEP.findall(selector):
        steps.append(int(index) if index else None if every else name or quoted)
    return tuple(steps)


def _select(value: Any, path: _Path) -> Iterator[Any]:
    """What the selector finds; more than one only where it goes through every element."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _select(value[step], rest)
    elif isinstance(value, list):
        for element in value if step is None else value[step : step + 1]:
            yield from _select(element, rest)


def _comparison(path: _Path, symbol: str, value: _Token) -> _Test:
    compare = _OPERATORS[symbol]
    if value.kind == "bare" and _NUMBER.fullmatch(value.text):
        number = float(value.text)
        return lambda document: any(
            compare(found, number) for found in _select(document, path) if _is_number(found)
        )
    if symbol not in ("=", "!="):
        raise _invalid(f"'{symbol}' compares numbers only, not '{value.text}'")
    text = re.sub(r"\\(.)", r"\1", value.text[1:-1]) if value.kind == "string" else value.text
    parts = text.split("*")
    return lambda document: any(
        compare(_like(found, parts), True)
        for found in _select(document, path)
        if isinstance(found, str)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _like(text: str, parts: list[str]) -> bool:
    """Whether the text is the parts with any run of characters between them."""
    if len(parts) == 1:
        return text == parts[0]
    if len(text) < len(parts[0]) + len(parts[-1]):
        return False
    if not text.startswith(parts[0]) or not text.endswith(parts[-1]):
        return False
    place, end = len(parts[0]), len(text) - len(parts[-1])
    for part in parts[1:-1]:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _invalid(reason: str) -> InvalidParameterException:
    return InvalidParameterException(f"Invalid filter pattern: {reason}")
