"""What all workers have told of their measures, added up for Prometheus by the process that started them.

What has happened stays, whatever becomes of the worker that told it. What is as it is goes with the worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from blogapi.measures import COUNTER, GAUGE, Family, Labels, Measure
from blogapi.operations.metrics import FAMILY, VALUES

WORKER = "worker"
"""The label of what each worker has for itself: its number among those that serve beside each other."""


@dataclass(slots=True)
class _Told:
    """What one worker has, by family and labels."""

    place: int
    levels: dict[tuple[str, Labels], float] = field(default_factory=dict)


class Ledger(Collector):
    """Hears workers, each known by its process, and answers Prometheus."""

    def __init__(self) -> None:
        self._own: list[Measure] = []
        self.families: dict[str, Family] = {}
        """What workers have told that there is, by name; levels are told with the label of the worker."""

        self._totals: dict[str, dict[Labels, list[float]]] = {}
        self._workers: dict[int, _Told] = {}

    def add(self, *measures: Measure) -> None:
        """Tell these of our own process, too."""
        self._own += measures

    def hear(self, process: int, place: int, line: bytes) -> bool:
        """Take a line of a worker; whether it was one of these."""
        if line.startswith(FAMILY):
            told = orjson.loads(line.removeprefix(FAMILY))
            self._meet(Family(**{**told, "labels": tuple(told["labels"]), "bounds": tuple(told["bounds"])}))
        elif line.startswith(VALUES):
            worker = self._workers.setdefault(process, _Told(place))
            for name, labels, value in orjson.loads(line.removeprefix(VALUES)):
                if name in self.families:
                    self._enter(worker, self.families[name], tuple(labels), value)
        else:
            return False
        return True

    def _meet(self, family: Family) -> None:
        known = self.families.get(family.name)
        if known is not None and (known.kind, known.labels, known.bounds) != (
            family.kind,
            family.labels,
            family.bounds,
        ):
            self._totals.pop(family.name, None)  # newer code counts it in another way
        self.families[family.name] = _of_workers(family) if family.kind == GAUGE else family

    def _enter(self, worker: _Told, family: Family, labels: Labels, value: Sequence[float] | None) -> None:
        if family.kind == GAUGE:
            if value is None:
                worker.levels.pop((family.name, labels), None)
            else:
                worker.levels[family.name, labels] = value[0]
            return
        totals = self._totals.setdefault(family.name, {})
        grown = value or ()
        total = totals.setdefault(labels, [0] * len(grown))
        if len(total) == len(grown):  # else an old worker tells of what newer code counts in another way
            for number, step in enumerate(grown):
                total[number] += step

    def forget(self, process: int) -> None:
        """A worker has ended."""
        self._workers.pop(process, None)

    def collect(self) -> Iterator[Metric]:
        """Everything, as Prometheus has it."""
        for measure in self._own:
            value = measure.read()
            values = value if isinstance(value, Mapping) else {(): value}
            yield _metric(measure.family, {labels: _vector(one) for labels, one in values.items()})
        for family in self.families.values():
            if family.kind == GAUGE:
                yield _metric(family, self._levels(family.name))
            else:
                yield _metric(family, self._totals.get(family.name, {}))

    def _levels(self, name: str) -> dict[Labels, Sequence[float]]:
        # In the order in which they began: while one takes the place of another, the new one counts.
        return {
            (str(worker.place), *labels): [value]
            for worker in self._workers.values()
            for (of, labels), value in worker.levels.items()
            if of == name
        }


def _of_workers(family: Family) -> Family:
    return Family(name=family.name, kind=family.kind, help=family.help, labels=(WORKER, *family.labels))


def _vector(value: float | Sequence[float]) -> Sequence[float]:
    return value if isinstance(value, Sequence) else (value,)


def _metric(family: Family, values: Mapping[Labels, Sequence[float]]) -> Metric:
    if family.kind == COUNTER:
        metric: Metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    elif family.kind == GAUGE:
        metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    else:
        metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for labels, value in sorted(values.items()):
        if isinstance(metric, HistogramMetricFamily):
            metric.add_metric(labels, _buckets(family.bounds, value), value[-1])
        elif isinstance(metric, CounterMetricFamily | GaugeMetricFamily):
            metric.add_metric(labels, value[0])
    return metric


def _buckets(bounds: Sequence[float], value: Sequence[float]) -> list[tuple[str, float]]:
    """As Prometheus counts: each class with all that are below."""
    counted, buckets = 0.0, []
    for bound, count in zip([*map(str, bounds), "+Inf"], value, strict=False):
        counted += count
        buckets.append((bound, counted))
    return buckets
