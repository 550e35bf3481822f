"""Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kennel import __version__
from kennel.cli.iam.audit.finding import Finding, Rule, Severity

__all__ = ["as_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
# GitHub ranks by this property, from 0 to 10.
_SCORES: Mapping[Severity, str] = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.0",
    Severity.LOW: "2.0",
}


def as_sarif(findings: Sequence[Finding], rules: Sequence[Rule]) -> dict[str, Any]:
    """One run with all rules, whether they found something or not."""
    places = {rule.name: place for place, rule in enumerate(rules)}
    driver = {
        "name": "kennel iam audit",
        "version": __version__,
        "rules": [_rule(rule) for rule in rules],
    }
    results = [_result(finding, places[finding.rule.name]) for finding in findings]
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"security-severity": _SCORES[rule.severity], "tags": ["security"]},
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    return {
        "ruleId": finding.rule.name,
        "ruleIndex": place,
        "level": _LEVELS[finding.rule.severity],
        "message": {"text": f"{finding.subject}: {finding.message}. Mend: {finding.command}"},
        "locations": [
            {"logicalLocations": [{"fullyQualifiedName": finding.subject, "kind": "resource"}]}
        ],
    }
