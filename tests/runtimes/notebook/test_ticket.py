"""Who may open a session of a notebook instance, and until when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.notebook.ticket import URL_SECONDS, admit, issue

SECRET = b"s" * 32


@given(st.integers(1800, 43_200), st.floats(0, URL_SECONDS - 1))
def test_a_ticket_opens_a_session_of_the_asked_length_for_five_minutes(seconds, later):
    ticket = issue(SECRET, 1000.0, seconds)
    assert admit(SECRET, ticket, 1000.0 + later) == seconds
    assert admit(SECRET, ticket, 1000.0 + URL_SECONDS) is None


def test_a_ticket_of_another_secret_opens_nothing():
    assert admit(b"t" * 32, issue(SECRET, 1000.0, 1800), 1000.0) is None


def test_two_tickets_are_never_the_same():
    assert issue(SECRET, 1000.0, 1800) != issue(SECRET, 1000.0, 1800)


@given(st.text(max_size=80))
def test_whatever_else_is_given_opens_nothing(text):
    assert admit(SECRET, text, 1000.0) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_changed_ticket_opens_nothing(place, character):
    ticket = issue(SECRET, 1000.0, 1800)
    place %= len(ticket)
    changed = ticket[:place] + character + ticket[place + 1 :]
    if changed != ticket:
        # The last character of unpadded base64 has bits that say nothing.
        assert admit(SECRET, changed, 1000.0) in (None, 1800)
        assert changed[:-1] == ticket[:-1] or admit(SECRET, changed, 1000.0) is None
