from __future__ import annotations

import pytest

from kennel.services.sagemaker.training.document import TrainingJob, Transition
from kennel.services.sagemaker.training.status import (
    MESSAGES,
    JobStatus,
    SecondaryStatus,
    allowed_next,
    status_of,
)


def job() -> TrainingJob:
    return TrainingJob(
        name="j",
        arn="arn",
        request={},
        creation_time=1.0,
        last_modified=1.0,
        transitions=[Transition(SecondaryStatus.STARTING, 1.0, "Starting the training job")],
    )


@pytest.mark.parametrize("secondary", SecondaryStatus)
def test_every_secondary_status_has_a_message_and_a_status(secondary):
    assert MESSAGES[secondary]
    assert status_of(secondary, stopping=False).is_terminal == secondary.is_terminal


@pytest.mark.parametrize("secondary", SecondaryStatus)
def test_a_job_can_fail_or_be_stopped_until_it_has_ended(secondary):
    follows = allowed_next(secondary)
    assert (SecondaryStatus.FAILED in follows) is not secondary.is_terminal
    if secondary not in (SecondaryStatus.STOPPING, SecondaryStatus.UPLOADING):
        assert (SecondaryStatus.STOPPING in follows) is not secondary.is_terminal


def test_a_job_that_has_ended_never_moves_again():
    ended = job()
    ended.move(SecondaryStatus.FAILED, 2.0)
    for secondary in SecondaryStatus:
        with pytest.raises(ValueError, match="can't go"):
            ended.move(secondary, 3.0)
    assert (ended.status, ended.ended) == (JobStatus.FAILED, 2.0)


def test_training_starts_with_the_first_download_and_the_attempt_with_its_own():
    lost = job()
    for at, secondary in enumerate(
        [SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING, SecondaryStatus.RESTARTING], 2
    ):
        lost.move(secondary, float(at))
    assert (lost.started, lost.attempt, lost.attempt_started) == (2.0, 2, None)
    lost.move(SecondaryStatus.DOWNLOADING, 9.0)
    assert (lost.started, lost.attempt_started) == (2.0, 9.0)


def test_a_stopped_job_is_stopping_while_it_uploads():
    stopped = job()
    stopped.move(SecondaryStatus.TRAINING, 2.0)
    stopped.outcome = SecondaryStatus.STOPPED
    stopped.move(SecondaryStatus.STOPPING, 3.0)
    stopped.move(SecondaryStatus.UPLOADING, 4.0)
    assert stopped.status == "Stopping"
    stopped.move(SecondaryStatus.STOPPED, 5.0)
    assert stopped.status == "Stopped"


def test_each_transition_ends_where_the_next_starts():
    done = job()
    for at, secondary in enumerate(
        [SecondaryStatus.TRAINING, SecondaryStatus.UPLOADING, SecondaryStatus.COMPLETED], 2
    ):
        done.move(secondary, float(at))
    ends = [transition.end for transition in done.transitions]
    starts = [transition.start for transition in done.transitions]
    assert ends[:-1] == starts[1:]
    assert ends[-1] == done.ended
