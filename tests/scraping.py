"""Metrics as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from blogapi.operations.ledger import Ledger
from blogapi.operations.traffic import METRICS


class Scraped:
    """What one answer holds: `scraped("blogapi_requests_total", status="200")` is the sum of all that are so."""

    def __init__(self, text):
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples = [sample for family in self.families.values() for sample in family.samples]

    def __call__(self, name, **labels):
        return sum(sample.value for sample in self.of(name, **labels))

    def of(self, name, **labels):
        return [s for s in self._samples if s.name == name and labels.items() <= s.labels.items()]

    @property
    def names(self):
        """Of all samples."""
        return {sample.name for sample in self._samples}


def exposed(ledger):
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ledger)
    return Scraped(generate_latest(registry).decode())


def scraped(app):
    """What an app would tell as the only worker."""
    ledger = Ledger()
    app[METRICS].tell(lambda line: ledger.hear(1, 1, line))
    return exposed(ledger)
