"""The record of decisions: what it keeps apart, what it folds, what survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from kennel.decisions import MIGRATIONS, DecisionRecord, Outcome, Query, RecordedDecision, rows
from kennel.decisions import record as record_module
from kennel.policy import (
    AccessRequest,
    Decision,
    MatchedStatement,
    NamedPolicy,
    PolicyKind,
    PolicyType,
    Principal,
    parse_policy,
)
from kennel.store import Database

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trainer"
READS = NamedPolicy(
    PolicyType.IDENTITY,
    "reads",
    ROLE,
    parse_policy(
        '{"Version": "2012-10-17", "Statement": [{"Sid": "Photos", "Effect": "Allow", '
        '"Action": "s3:GetObject", "Resource": "*"}]}',
        PolicyKind.IDENTITY,
    ),
)
ALLOWED = Decision(True, statements=(MatchedStatement(READS, 0),))
DENIED = Decision(False, False, PolicyType.IDENTITY)


def session(name: str = "job-1") -> Principal:
    return Principal.role_session(ACCOUNT, "trainer", "AROATRAINER", ROLE, name)


def request(key: str, action: str = "s3:GetObject", name: str = "job-1") -> AccessRequest:
    return AccessRequest(session(name), action, f"arn:aws:s3:::photos/{key}", ACCOUNT)


def everything(record: DecisionRecord) -> list[RecordedDecision]:
    return list(record.read(Query(limit=1_000_000)))


def test_equal_calls_are_one_row_with_a_count_and_the_latest_session(database):
    record = DecisionRecord(database, now=iter([5.0, 6.0, 7.0]).__next__)
    for name in ("job-1", "job-2", "job-3"):
        record.record(request("a", name=name), ALLOWED, {"s3:versionid": ("v",)})
    (row,) = everything(record)
    assert (row.holder, row.action, row.resource) == (ROLE, "s3:GetObject", "arn:aws:s3:::photos/a")
    assert (row.count, row.first, row.last) == (3, 5.0, 7.0)
    assert row.principal == session("job-3")
    assert row.facts == {"s3:versionid": ("v",)}
    assert row.reason.statements == ("reads Photos",)


def test_allowed_denied_and_let_pass_are_kept_apart(record):
    record.record(request("a"), ALLOWED, {})
    record.record(request("a"), DENIED, {})
    record.record(request("a"), DENIED, {}, enforced=False)
    assert {row.outcome for row in everything(record)} == set(Outcome)
    (denied,) = record.read(Query(outcomes=(Outcome.DENIED,)))
    assert (denied.reason.by, denied.reason.explicit) == ("identity-based policy", False)


def test_calls_that_were_denied_for_different_reasons_are_kept_apart(record):
    reasons = [
        DENIED,
        Decision(False, True, PolicyType.IDENTITY),
        Decision(False, False, PolicyType.BOUNDARY),
    ]
    for _ in range(2):
        for decision in reasons:
            record.record(request("a"), decision, {})
    rows_ = everything(record)
    assert [(row.reason.by, row.reason.explicit, row.count) for row in rows_] == [
        (str(decision.by), decision.explicit, 2) for decision in reasons
    ]


def test_rows_of_before_learn_why_from_their_reason(tmp_path: Path):
    old = Database(tmp_path / "kennel.db", MIGRATIONS[:1])
    old.start()
    reason = '{"by":"permissions boundary","explicit":true}'
    old.write(
        lambda connection: connection.execute(
            "INSERT INTO decisions (holder, action, outcome, resource, facts, account, principal, "
            "reason, count, first, last, folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 1, 1, 0)",
            (ROLE, "s3:GetObject", "denied", "*", "[]", ACCOUNT, "{}", reason),
        )
    )
    old.stop()
    new = Database(tmp_path / "kennel.db", MIGRATIONS)
    new.start()
    (why,) = new.read(lambda connection: connection.execute("SELECT why FROM decisions").fetchone())
    new.stop()
    assert why == "!permissions boundary"


def test_counts_go_on_after_a_restart(tmp_path: Path):
    for round_number in (1, 2):
        database = Database(tmp_path / "kennel.db", MIGRATIONS)
        database.start()
        record = DecisionRecord(database)
        record.start()
        record.record(request("a"), ALLOWED, {})
        record.stop()
        (row,) = everything(record)
        assert row.count == round_number
        database.stop()


def test_what_differs_from_call_to_call_is_left_out(record):
    for moment in ("1", "2"):
        record.record(request("a"), ALLOWED, {"aws:epochtime": (moment,), "aws:sourceip": ("::1",)})
        record.flush()
    (row,) = everything(record)
    assert row.facts == {"aws:sourceip": ("::1",)}


def test_many_objects_of_a_folder_become_its_pattern_and_keep_their_count(record):
    for number in range(1_500):
        record.record(request(f"train/{number}.jpg"), ALLOWED, {})
    record.record(request("valid/1.jpg"), ALLOWED, {})
    folder, other = everything(record)
    assert (folder.resource, folder.count) == ("arn:aws:s3:::photos/train/*", 1_500)
    assert folder.folded
    assert (other.resource, other.folded) == ("arn:aws:s3:::photos/valid/1.jpg", False)
    record.record(request("train/again.jpg"), ALLOWED, {})
    assert [row.count for row in everything(record)] == [1_501, 1]


def test_many_folders_become_the_folder_around_them(record):
    for number in range(2_000):
        record.record(request(f"train/{number // 10}/{number}.jpg"), ALLOWED, {})
    record.record(request("code.tar.gz"), ALLOWED, {})
    assert [row.resource for row in everything(record)] == [
        "arn:aws:s3:::photos/train/*",
        "arn:aws:s3:::photos/code.tar.gz",
    ]


def test_many_folders_become_the_buckets_pattern(record):
    for number in range(1_200):
        record.record(request(f"{number}/x"), ALLOWED, {})
    (row,) = everything(record)
    assert (row.resource, row.count) == ("arn:aws:s3:::photos/*", 1_200)


def test_many_facts_of_one_resource_become_those_that_all_share(record):
    for number in range(150):
        facts = {"s3:prefix": (str(number),), "s3:delimiter": ("/",)}
        record.record(request("", "s3:ListBucket"), ALLOWED, facts)
    (row,) = everything(record)
    assert (row.count, row.facts, row.folded) == (150, {"s3:delimiter": ("/",)}, True)


def test_the_action_on_no_resource_is_not_folded(record):
    record.record(AccessRequest(session(), "s3:ListAllMyBuckets", "*", ACCOUNT), ALLOWED, {})
    (row,) = everything(record)
    assert (row.resource, row.folded) == ("*", False)


def test_what_was_used_longest_ago_goes_first(record, monkeypatch):
    monkeypatch.setattr(rows, "_ROWS_LIMIT", 10)
    monkeypatch.setattr(rows, "_FORGOTTEN_AT_ONCE", 2)
    for number in range(11):
        record.record(request(str(number)), ALLOWED, {})
    assert [row.resource[-2:] for row in everything(record)] == [
        f"/{number}" for number in range(3, 10)
    ] + ["10"]


def test_too_much_told_at_once_is_folded_in_memory(database, monkeypatch):
    monkeypatch.setattr(record_module, "_PENDING_LIMIT", 3)
    record = DecisionRecord(database)
    for number in range(10):
        record.record(request(str(number)), ALLOWED, {})
    (row,) = everything(record)
    assert (row.resource, row.count, row.folded) == ("arn:aws:s3:::*", 10, True)


def test_what_could_not_be_written_waits_for_the_next_write(record, database, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no")

    record.record(request("a"), ALLOWED, {})
    with monkeypatch.context() as patch:
        patch.setattr(database, "write", fail)
        with pytest.raises(OSError, match="no"):
            record.flush()
        record.record(request("a"), ALLOWED, {})
        assert everything(record) == []  # what is on disk can still be read
    (row,) = everything(record)
    assert row.count == 2


def test_pages_go_by_id_and_filters_hold(record):
    for number in range(5):
        record.record(request(str(number)), ALLOWED, {})
    first = record.read(Query(limit=3))
    second = record.read(Query(after=first[-1].id, limit=3))
    assert len(first) == 3
    assert len(second) == 2
    assert not record.read(Query(holder="arn:aws:iam::000000000000:role/other"))
    assert not record.read(Query(since=first[0].last + 1000))
    assert not record.read(Query(until=first[0].first - 1000))
