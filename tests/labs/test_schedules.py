"""What the drill of schedules calls wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from scripts.labs.schedules.model import Alive, Move, Plan, Seen, judge

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ALWAYS = Alive([(NOON - timedelta(days=1), NOON + timedelta(days=1))])


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def moves(*statuses):
    return [Move(at=after(seconds), status=status) for seconds, status in statuses]


def found(*became, alive=ALWAYS, published_at=NOON, **plan):
    plan = Plan(id="a", at=NOON, **plan)
    seen = {"a": Seen(moves=moves(*became), published_at=published_at)}
    findings = judge([plan], seen, alive, timedelta(seconds=2))
    return {name for name, posts in findings.rows().items() if posts}


BACK = "came back after they were withdrawn by hand"
LATE = "later than promised while a process lived"
ONCE = (1, "published")
CASES = {
    "in time": ([ONCE], {}, set()),
    "not at all": ([], {}, {"missed"}),
    "twice": ([ONCE, (2, "draft"), (3, "published")], {}, {"twice"}),
    "early": ([(-0.001, "published")], {}, {"early"}),
    "late": ([(3, "published")], {}, {LATE}),
    "at another time": ([ONCE], {"published_at": after(1)}, {"with another `published_at` than was asked for"}),
    "ended": ([ONCE, (6, "draft")], {"end_at": after(5)}, set()),
    "not ended": ([ONCE], {"end_at": after(5)}, {"missed"}),
    "ended early": ([ONCE, (4, "draft")], {"end_at": after(5)}, {"early"}),
    "unscheduled": ([(-1, "draft")], {"act": "unschedule", "has_acted": True}, set()),
    "unscheduled, and there": ([(-1, "draft"), ONCE], {"act": "unschedule", "has_acted": True}, {BACK}),
    "unscheduled too late": ([ONCE], {"act": "unschedule"}, set()),
    "by hand": ([(-9, "published")], {"act": "publish", "has_acted": True, "published_at": after(-9)}, set()),
    "withdrawn, and back": (
        [(-9, "published"), (-8, "draft"), ONCE],
        {"act": "withdraw", "has_acted": True},
        {BACK},
    ),
}


@pytest.mark.parametrize(("became", "plan", "wrong"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_found(became, plan, wrong):
    assert found(*became, **plan) == wrong


def judged(alive, *done):
    """Posts that are due at noon and each second after it, done at these seconds."""
    plans = [Plan(id=f"{number}", at=after(number)) for number in range(len(done))]
    seen = {
        plan.id: Seen(moves=moves((second, "published")), published_at=plan.at)
        for plan, second in zip(plans, done, strict=True)
    }
    return judge(plans, seen, alive, timedelta(seconds=2))


def test_what_was_due_while_nobody_lived_is_not_late_but_has_an_order():
    alive = Alive([(after(-9), after(-1)), (after(8), after(20))])
    assert (judged(alive, 9, 10).overdue, judged(alive, 9, 10).are_wrong) == (2, False)
    assert judged(alive, 10, 9).out_of_order == ["1"]


def test_what_is_due_then_waits_for_its_turn():
    alive = Alive([(after(-9), after(-1)), (after(0.5), after(20))])
    assert judged(alive, 4, 4.1, 5.5).overdue == 3
    assert judged(alive, 0.9, 4.1).late == ["1"]
