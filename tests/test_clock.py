"""The clock of the service: it goes by that of the database, and the clock of the host does not matter."""

from datetime import UTC, datetime

import pytest

from blogapi.clock import Clock

TRUE = 1_800_000_000.0
STARTED = 5_000.0


class Host:
    """A host whose clock is wrong, and a database whose clock is not."""

    def __init__(self, wrong_by):
        self.steady, self.wrong_by = STARTED, wrong_by
        self.clock = Clock(own=lambda: self.true + wrong_by, steady=lambda: self.steady)

    @property
    def true(self):
        return TRUE + self.steady - STARTED

    def ask(self, *, seconds=0.0, database_is_wrong_by=0.0):
        """Have the clock told the time by a database that answers in the middle of so many seconds."""
        asked = self.steady
        self.steady += seconds / 2
        theirs = int((self.true + database_is_wrong_by) * 1000) / 1000
        self.steady += seconds / 2
        return self.clock.told(theirs, asked, self.steady)

    def off(self):
        """By how many seconds what the clock shows is ahead."""
        return self.clock.now().timestamp() - self.true


@pytest.mark.parametrize("wrong_by", [3600, 0.4, 0, -0.4, -3600])
def test_clock_is_that_of_the_database_once_it_was_told(wrong_by):
    host = Host(wrong_by)
    assert host.off() == pytest.approx(wrong_by, abs=0.002)
    host.ask(seconds=0.02)
    assert host.clock.host_error() == pytest.approx(wrong_by, abs=0.012)
    host.steady += 86400
    assert host.off() == pytest.approx(0, abs=0.012)


def test_time_is_of_whole_milliseconds():
    host = Host(0)
    host.ask()
    for _ in range(2000):
        host.steady += 0.0007
        moment = host.clock.now()
        assert moment.microsecond % 1000 == 0
        assert moment.tzinfo is UTC
        assert -0.002 < host.off() < 0.002


def test_answer_that_took_long_does_not_move_what_it_does_not_contradict():
    host = Host(240)
    host.ask()
    host.steady += 30
    assert host.ask(seconds=2, database_is_wrong_by=0.9) == 0
    assert host.off() == pytest.approx(0, abs=0.002)


def test_clock_that_is_a_little_ahead_goes_slowly_until_it_is_right():
    host = Host(0)
    host.ask(database_is_wrong_by=3)
    last = host.clock.now()
    assert host.ask() == pytest.approx(-3, abs=0.002)
    for _ in range(5):
        host.steady += 1
        assert host.clock.now() > last
        last = host.clock.now()
        assert host.off() > 0.4
    host.steady += 1
    assert host.off() == pytest.approx(0, abs=0.002)


def test_clock_that_is_behind_is_right_at_once():
    host = Host(0)
    host.ask(database_is_wrong_by=-3600)
    host.clock.now()
    assert host.ask() == pytest.approx(3600, abs=0.002)
    assert host.off() == pytest.approx(0, abs=0.002)


def test_clock_that_is_far_ahead_steps_back_like_those_of_all_processes():
    host = Host(0)
    host.ask(database_is_wrong_by=3600)
    host.clock.now()
    host.ask()
    assert host.off() == pytest.approx(0, abs=0.002)


def test_clock_of_this_host_is_shown_until_something_else_is_known():
    before = datetime.now(UTC)
    assert abs(Clock().now() - before).total_seconds() < 60
