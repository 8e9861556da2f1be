"""The door of long work. What there is to do, other features declare (`Feature.work`)."""

from __future__ import annotations

from blogapi.feature import Feature, Wiring
from blogapi.jobs import handlers
from blogapi.jobs.runner import every
from blogapi.jobs.service import LongWork
from blogapi.jobs.store import TaskStore
from blogapi.personal import PersonalData


def build(wiring: Wiring) -> LongWork:
    """The service of long work. Who comes later does it."""
    return LongWork(TaskStore(wiring.database), wiring.workers, wiring.now)


JOBS = Feature(
    name="jobs",
    service=LongWork,
    build=build,
    key=handlers.SERVICE,
    stores=(TaskStore,),
    # Who asked for it, by id: it is removed after a week.
    personal=(
        PersonalData(
            collection=TaskStore.collection,
            keep=frozenset(
                {
                    *("_id", "kind", "arguments", "state", "cursor", "done", "total", "fence", "failures", "asked_by"),
                    *("created_at", "updated_at", "ended_at", "expires_at", "open", "leased_at", "lease_ms", "schema"),
                }
            ),
        ),
    ),
    routes=handlers.routes,
    jobs=(every(10, LongWork.carry_on, done="things done of long work", sooner=lambda work: work.waiting),),
    measures=lambda wiring: wiring[LongWork].measures(),
)
