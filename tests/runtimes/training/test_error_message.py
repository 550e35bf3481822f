from __future__ import annotations

import os

from kennel.runtimes.training.error_message import OutputTail, error_message

TRACEBACK = """\
epoch 1: ImportError of an optional part, going on
Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 9, in <module>
    main()
  File "/opt/ml/code/train.py", line 5, in main
    raise ValueError("bad learning rate")
ValueError: bad learning rate
"""


def test_the_last_traceback_is_quoted_from_the_line_that_names_the_exception():
    text = 'raise ValueError("bad learning rate")\n ValueError: bad learning rate'
    assert error_message(TRACEBACK) == text
    assert error_message(TRACEBACK.replace("\n", "\r\n")) == text


def test_marks_under_code_and_repeated_lines_are_left_out():
    output = (
        "Traceback (most recent call last):\n  a = KeyError\n  ^^^^\nKeyError: 'a'\nKeyError: 'a'\n"
    )
    assert error_message(output) == "a = KeyError\n KeyError: 'a'"


def test_an_exception_of_a_librarys_own_name_is_quoted_too():
    output = (
        "Traceback (most recent call last):\n  call()\n"
        "botocore.exceptions.ClientError: An error occurred (AccessDenied)\n"
    )
    text = "botocore.exceptions.ClientError: An error occurred (AccessDenied)"
    assert error_message(output) == text


def test_without_a_traceback_the_first_line_that_names_an_exception_starts_the_message():
    assert error_message("loading\nRuntimeError: x\nmore") == "RuntimeError: x\n more"


def test_what_names_no_exception_gives_its_complaint():
    usage = "usage: train.py [-h]\ntrain.py: error: unrecognized arguments: --foo 1\n"
    assert error_message(usage) == "train.py: error: unrecognized arguments: --foo 1"
    assert error_message("all is well\n") == ""


def test_a_warning_names_no_error():
    assert error_message("DeprecationWarning: old\nUserWarning: odd\n") == ""


def test_only_the_end_of_a_long_output_is_kept():
    tail = OutputTail()
    for _ in range(100):
        tail.feed(os.urandom(5000))
    tail.feed(b"\xff end")
    assert tail.text().endswith("\ufffd end")
    assert len(tail.text()) < 200_000
