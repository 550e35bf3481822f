"""Metric math: parses and evaluates GetMetricData's expressions.

    either    both (("OR" | "||") both)*
    both      compared (("AND" | "&&") compared)*
    compared  sum (("==" | "!=" | "<=" | ">=" | "<" | ">") sum)*
    sum       product (("+" | "-") product)*
    product   signed (("*" | "/") signed)*
    signed    "-" signed | power
    power     atom ("^" signed)?
    atom      number | id | function "(" arguments ")" | "(" either ")" | "[" either, … "]"

`math_values` has the values, `math_functions` the functions. AWS's other functions and Metrics
Insights (SELECT …) are refused by name. Source: "Using metric math".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.errors import ValidationException
from kennel.services.cloudwatch.math_functions import FUNCTIONS
from kennel.services.cloudwatch.math_values import (
    BOTH,
    COMPARISONS,
    EITHER,
    OPERATORS,
    Series,
    Value,
    combine,
    negative,
)

__all__ = ["evaluate"]


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<string>\"[^\"]*\"|'[^']*')|(?P<symbol>[-+*/^()\[\],])|(?P<comparison>[<>]=?|[=!]=|&&|\|\|))"
)
_MAX_DEPTH = 50


def evaluate(
    text: str, resolve: Callable[[str], Value], metrics: Callable[[], list[tuple[str, Series]]]
) -> Value:
    """The value of an expression.

    `resolve` gives the value of another query's id (and raises for one that there is not);
    `metrics` gives id and series of every query that is a metric. Raises ValidationException for
    a malformed expression, NotImplementedByKennel for one that Kennel does not evaluate.
    """
    if re.match(r"\s*SELECT\b", text, re.IGNORECASE):
        raise NotImplementedByKennel("Kennel does not run Metrics Insights queries (SELECT …).")
    parser = _Parser(_tokens(text), resolve, metrics)
    return parser.parse()


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValidationException(f"unexpected '{text[place:].strip()[:20]}'")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return tokens


class _Parser:
    """Recursive descent over the grammar above, evaluating as it goes."""

    def __init__(
        self,
        tokens: list[_Token],
        resolve: Callable[[str], Value],
        metrics: Callable[[], list[tuple[str, Series]]],
    ) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._resolve = resolve
        self._metrics = metrics

    def parse(self) -> Value:
        value = self._either()
        if self._place < len(self._tokens):
            raise ValidationException(f"unexpected '{self._tokens[self._place].text}'")
        return value

    def _either(self) -> Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValidationException(f"it is nested more than {_MAX_DEPTH} deep")
        value = self._both()
        while self._skip("OR", "||"):
            value = combine(EITHER, value, self._both(), missing=0.0)
        self._depth -= 1
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._skip("AND", "&&"):
            value = combine(BOTH, value, self._compared(), missing=0.0)
        return value

    def _compared(self) -> Value:
        value = self._sum()
        while symbol := self._skip(*COMPARISONS):
            value = combine(COMPARISONS[symbol], value, self._sum(), missing=0.0)
        return value

    def _sum(self) -> Value:
        value = self._product()
        while symbol := self._skip("+", "-"):
            value = combine(OPERATORS[symbol], value, self._product())
        return value

    def _product(self) -> Value:
        value = self._signed()
        while symbol := self._skip("*", "/"):
            value = combine(OPERATORS[symbol], value, self._signed())
        return value

    def _signed(self) -> Value:
        signs = 0
        while self._skip("-"):
            signs += 1
        value = self._power()
        return negative(value) if signs % 2 else value

    def _power(self) -> Value:
        value = self._atom()
        if self._skip("^"):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ValidationException(f"it is nested more than {_MAX_DEPTH} deep")
            value = combine(OPERATORS["^"], value, self._signed())
            self._depth -= 1
        return value

    def _atom(self) -> Value:
        if self._place >= len(self._tokens):
            raise ValidationException("it ends too early")
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return float(text)
        if text == "(":
            value = self._either()
            self._expect(")")
            return value
        if text == "[":
            return self._list()
        if kind == "name" and self._skip("("):
            return self._call(text)
        if kind == "name" and text not in ("AND", "OR"):
            return self._resolve(text)
        raise ValidationException(f"unexpected '{text}'")

    def _list(self) -> list[Series]:
        series: list[Series] = []
        while True:
            value = self._either()
            if isinstance(value, float):
                raise ValidationException("a list holds time series, not numbers")
            series += value if isinstance(value, list) else [value]
            if not self._skip(","):
                self._expect("]")
                return series

    def _call(self, name: str) -> Value:
        if name == "METRICS":
            return self._call_metrics()
        function = FUNCTIONS.get(name)
        if function is None:
            raise NotImplementedByKennel(
                f"Kennel does not evaluate the metric math function {name}; it has METRICS, "
                f"{', '.join(FUNCTIONS)}."
            )
        arguments: list[Value | str] = []
        while not self._skip(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._fill_word() or self._either())
        return function(arguments)

    def _call_metrics(self) -> list[Series]:
        part = ""
        if self._place < len(self._tokens) and self._tokens[self._place].kind == "string":
            part = self._tokens[self._place].text[1:-1]
            self._place += 1
        self._expect(")")
        return [series for name, series in self._metrics() if part in name]

    def _fill_word(self) -> str | None:
        if self._place < len(self._tokens) and self._tokens[self._place].text in (
            "REPEAT",
            "LINEAR",
        ):
            self._place += 1
            return self._tokens[self._place - 1].text
        return None

    def _skip(self, *symbols: str) -> str | None:
        if self._place < len(self._tokens):
            kind, text = self._tokens[self._place]
            if kind != "string" and text in symbols:
                self._place += 1
                return text
        return None

    def _expect(self, symbol: str) -> None:
        if not self._skip(symbol):
            raise ValidationException(f"'{symbol}' is missing")
