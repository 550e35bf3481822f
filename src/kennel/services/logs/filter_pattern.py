"""FilterLogEvents' patterns: which messages do they match?

    ""                     every message
    ERROR timeout          both terms, as parts of the message, in this case
    "exact phrase" -DEBUG  the phrase, and not the term
    ?ERROR ?WARN           either term (with other terms beside them, AWS ignores such terms)
    { $.a.b = 1 }          JSON messages: see `json_pattern`

Space-delimited patterns ([a, b, c]) and regular expressions (%…%) are refused by name.
Source: "Filter pattern syntax" of the CloudWatch Logs guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kennel.errors import NotImplementedByKennel
from kennel.services.logs.errors import InvalidParameterException
from kennel.services.logs.json_pattern import compile_json_pattern

__all__ = ["Matcher", "compile_pattern"]

Matcher = Callable[[str], bool]

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_BARE = re.compile(r"\w+")
_MAX_LENGTH = 1024


def compile_pattern(pattern: str) -> Matcher:
    """The pattern as a test of one message. Raises InvalidParameterException for a malformed one,
    NotImplementedByKennel for a kind that Kennel does not match."""
    if len(pattern) > _MAX_LENGTH:
        raise InvalidParameterException(
            f"Invalid filter pattern: it has {len(pattern)} characters; {_MAX_LENGTH} are allowed."
        )
    text = pattern.strip()
    if text.startswith("{"):
        return compile_json_pattern(text)
    if text.startswith("["):
        raise NotImplementedByKennel(
            "Kennel does not match space-delimited filter patterns ([…]). "
            "Use terms, quoted phrases or a JSON pattern ({…})."
        )
    if text.startswith("%"):
        raise NotImplementedByKennel(
            "Kennel does not match regular expressions (%…%) in filter patterns. "
            "Use terms, quoted phrases or a JSON pattern ({…})."
        )
    return _compile_terms(text)


def _compile_terms(text: str) -> Matcher:
    required: list[str] = []
    excluded: list[str] = []
    optional: list[str] = []
    kinds = {"": required, "-": excluded, "?": optional}
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            raise InvalidParameterException("Invalid filter pattern")
        prefix, phrase, term = match.groups()
        if term is not None and not _BARE.fullmatch(term):
            raise _invalid_term(prefix + term)
        if phrase is not None:
            term = re.sub(r"\\(.)", r"\1", phrase)
            if not term:
                raise _invalid_term('""')
        kinds[prefix].append(term)
        place = match.end()
    if required or excluded:
        optional.clear()

    def matches(message: str) -> bool:
        return (
            all(term in message for term in required)
            and not any(term in message for term in excluded)
            and (not optional or any(term in message for term in optional))
        )

    return matches


def _invalid_term(term: str) -> InvalidParameterException:
    return InvalidParameterException(
        f"Invalid filter pattern: Invalid character(s) in term '{term}'. "
        "Put a term that has other characters than letters and digits in double quotes."
    )
