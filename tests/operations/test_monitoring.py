"""What docs/how-to/monitor.md, the alerts and the dashboard name is told, and what is told is explained."""

import asyncio
import json
import re

import pytest
import yaml
from mongomock_motor import AsyncMongoMockClient

from blogapi.app import create_app
from blogapi.config import AuthConfig, Config
from blogapi.db.client import Client
from blogapi.measures import HISTOGRAM
from blogapi.operations.ledger import Ledger
from blogapi.operations.traffic import METRICS
from blogapi.serving.launcher import Launcher
from blogapi.serving.server import Runner
from blogapi.serving.worker import measures_of_process
from blogapi.serving.workers import Workers
from tests.servers import ROOT, SECRET

GUIDE = (ROOT / "docs" / "how-to" / "monitor.md").read_text("utf-8")
QUERIES = re.findall(r"^```promql\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus-rules.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8"))
PANELS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [*QUERIES, *(rule["expr"] for rule in RULES), *PANELS]
# Which Prometheus adds by itself, and which a histogram has.
OWN_LABELS = {"job", "instance", "le"}


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """Everything that a server can tell, by name."""
    return asyncio.run(told(Config(root=tmp_path_factory.mktemp("families"), auth=AuthConfig(secret=SECRET))))


async def told(config):
    app = create_app(config, Client(AsyncMongoMockClient())["blogapi"])
    app[METRICS].add(*Runner(app, config.server).measures(), *measures_of_process())
    ledger = Ledger()
    app[METRICS].tell(lambda line: ledger.hear(1, 1, line))
    launcher = Launcher([], {}, None, keeps_spare=False)
    workers = Workers(launcher, None, stop_seconds=1, stuck_seconds=1, recount=lambda: 1)
    return {**{measure.family.name: measure.family for measure in workers.measures()}, **ledger.families}


def series(family):
    """Under which names Prometheus has it."""
    if family.kind == HISTOGRAM:
        return {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
    return {family.name}


def test_guide_explains_each_metric_with_its_labels(families):
    rows = re.findall(r"^\| `(blogapi_\w+)` \|(.*?)\| .*\|$", GUIDE, re.MULTILINE)
    explained = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert explained == {name: set(family.labels) for name, family in families.items()}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_query_asks_for_what_is_told(expression, families):
    told = {name: family for family in families.values() for name in series(family)}
    named = re.findall(r"\b(blogapi_\w+)(?:\{(.*?)\})?", expression)
    assert named or "up{" in expression
    allowed = set(OWN_LABELS)
    for name, selector in named:
        assert name in told
        labels = {*told[name].labels, *OWN_LABELS}
        allowed |= labels
        assert set(re.findall(r"(\w+)(?:=~|!=|=)", selector)) <= labels
    for grouping in re.findall(r"\bby \((.*?)\)", expression):
        assert {label.strip() for label in grouping.split(",")} <= allowed
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_there_are_ten_queries_and_each_alert_is_explained():
    assert len(QUERIES) == 10
    rows = re.findall(r"^\| `(Blog\w+)` \|", GUIDE, re.MULTILINE)
    assert rows == [rule["alert"] for rule in RULES]


def test_dashboard_shows_each_metric(families):
    shown = "\n".join(PANELS)
    missing = [name for name, family in families.items() if not any(one in shown for one in series(family))]
    assert sorted(missing) == []


def test_dashboard_can_be_imported():
    assert DASHBOARD["schemaVersion"] >= 36
    assert DASHBOARD.get("id") is None
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    sources = [panel["datasource"]["uid"] for panel in DASHBOARD["panels"]]
    assert {*sources} == {"${datasource}"}
    used = set(re.findall(r"\$(\w+)", "\n".join(PANELS))) - {"__rate_interval"}
    assert used <= {*variables}
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    cells = [(place["x"], place["y"]) for place in places]
    assert len(cells) == len(set(cells))
    json.dumps(DASHBOARD)
