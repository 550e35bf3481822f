"""From resources to the patterns of a policy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kennel.cli.iam.generate.folders import Thresholds, folders_of
from kennel.cli.iam.generate.patterns import escaped, fits, unescaped, widest
from kennel.cli.iam.generate.widening import widen, widen_values

JOB = "arn:aws:sagemaker:us-east-1:000000000000:training-job/"
BUCKET = "arn:aws:s3:::photos"


def test_a_resource_that_does_not_vary_is_named_as_it_is():
    found = widen([f"{BUCKET}/model.tar.gz", f"{JOB}dogs"])
    assert found.patterns == {f"{BUCKET}/model.tar.gz", f"{JOB}dogs"}
    assert not found.widenings


def test_a_job_that_is_new_with_each_run_gets_a_wildcard_and_its_reason():
    found = widen([f"{JOB}dogs-2026-05-01-10-00-00", f"{JOB}dogs-2026-05-02-10-00-00"])
    assert found.patterns == {f"{JOB}dogs-*"}
    (why,) = found.widenings
    assert len(why.stands_for) == 2
    assert "time" in why.reason


def test_an_account_or_a_bucket_is_never_a_wildcard():
    arns = [f"arn:aws:s3:::logs-2026050{day}/x" for day in range(1, 9)]
    assert widen(arns).patterns == set(arns)


def test_log_streams_are_any_of_their_group():
    group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/TrainingJobs"
    found = widen([f"{group}:log-stream:dogs/algo-1-123"])
    assert found.patterns == {f"{group}:log-stream:*"}
    assert widen([f"{group}:log-stream:"]).patterns == {f"{group}:*"}


def test_many_objects_of_a_folder_are_the_folder():
    keys = [f"{BUCKET}/train/{number}.jpg" for number in range(3)]
    assert widen(keys).patterns == {f"{BUCKET}/train/*"}
    assert widen(keys[:2]).patterns == set(keys[:2])


def test_many_folders_are_the_folder_around_them_but_never_the_bucket():
    keys = [f"{BUCKET}/data/{kind}/{name}.jpg" for kind in "abcde" for name in "xyz"]
    assert widen(keys).patterns == {f"{BUCKET}/data/*"}
    tops = [f"{BUCKET}/{kind}/{name}.jpg" for kind in "abcde" for name in "xyz"]
    assert widen(tops).patterns == {f"{BUCKET}/{kind}/*" for kind in "abcde"}


def test_folders_that_alone_differ_are_a_wildcard_between():
    keys = [f"{BUCKET}/output/{job}/model.tar.gz" for job in ("red", "blue", "grey", "tan", "jet")]
    assert widen(keys).patterns == {f"{BUCKET}/output/*/model.tar.gz"}
    assert widen(keys[:4]).patterns == set(keys[:4])
    deep = [f"{BUCKET}/runs/{a}/{b}/x" for a in "abcde" for b in "vwxyz"]
    assert widen(deep).patterns == {f"{BUCKET}/runs/*/*/x"}
    tops = [f"{BUCKET}/{name}/x" for name in "abcdef"]
    assert widen(tops).patterns == set(tops)


def test_no_wildcard_lets_in_what_was_denied():
    keys = [f"{BUCKET}/train/{number}.jpg" for number in range(5)]
    assert widen(keys, denied=[f"{BUCKET}/train/secret"]).patterns == set(keys)
    jobs = [f"{JOB}dogs-2026-05-01-10-00-00"]
    assert widen(jobs, denied=[f"{JOB}dogs-prod"]).patterns == set(jobs)


def test_a_star_in_a_name_is_no_wildcard():
    name = f"{BUCKET}/a*b?${{aws:username}}"
    (pattern,) = widen([name]).patterns
    assert fits(pattern, name)
    assert not fits(pattern, f"{BUCKET}/axxb?${{aws:username}}")


def test_prefixes_that_vary_get_wildcards():
    assert widen_values({"data/train/", "data/valid/"}).patterns == {"data/train/", "data/valid/"}
    found = widen_values({f"data/{letter}/" for letter in "abcdefgh"})
    assert found.patterns == {"data/*"}


names = st.text(st.sampled_from("ab1/-*?${}._"), min_size=1, max_size=12)


@given(names)
def test_an_escaped_name_fits_itself_and_unescapes_to_itself(name):
    assert fits(escaped(name), name)
    assert unescaped(escaped(name)) == name


@given(names, names)
def test_an_escaped_name_fits_nothing_else(name, other):
    assert fits(escaped(name), other) is (name == other)


@given(st.sets(names, min_size=1, max_size=30))
def test_what_was_used_stays_covered_whatever_is_widened(keys):
    arns = {f"{BUCKET}/{key}" for key in keys}
    found = widen(arns)
    assert all(any(fits(pattern, arn) for pattern in found.patterns) for arn in arns)


@given(st.sets(names, min_size=1, max_size=30), st.sets(names, max_size=5))
def test_what_was_denied_stays_outside_whatever_is_widened(keys, denied):
    refused = {f"{BUCKET}/{key}" for key in denied - keys}
    found = widen({f"{BUCKET}/{key}" for key in keys}, denied=refused)
    assert not any(fits(pattern, arn) for pattern in found.patterns for arn in refused)


@given(st.sets(st.text("ab/*", min_size=1, max_size=6), max_size=20))
def test_the_widest_cover_all_and_none_covers_another(patterns):
    kept = widest(patterns)
    assert all(any(fits(wide, unescaped(one)) for wide in kept) for one in patterns)
    assert not any(
        fits(wide, unescaped(one)) and wide != one for one in kept for wide in kept if "*" in wide
    )


def test_folders_leave_alone_what_is_too_little():
    assert folders_of(["a/1", "a/2"], lambda _: True, Thresholds()) == {}
    assert folders_of(["1", "2", "3"], lambda _: True, Thresholds()) == {}
