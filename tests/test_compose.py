"""docker-compose.yml, the Dockerfile and the load balancer, as far as they can be judged without containers."""

import re
import subprocess
import sys
from configparser import ConfigParser
from fnmatch import fnmatch

import pytest
import yaml
from packaging.requirements import Requirement

from blogapi.config import load_config
from blogapi.errors import ConfigError, NotYet
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.serving.worker import GRACE_SECONDS
from tests.servers import ROOT

VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
SECRETS = ("BLOGAPI_AUTH__SECRET", "BLOGAPI_AUTH__PEPPER", "MONGO_PASSWORD", "MONGO_ADMIN_PASSWORD", "MONGO_KEY")
GIVEN = {
    **{name: f"{number}kQ3vX9mT2bL7nR4wZ8cJ5hF6pD1sG0yA" for number, name in enumerate(SECRETS)},
    "BLOGAPI_SERVER__PUBLIC_URL": "https://blog.example.org",
}


def compose(given=GIVEN):
    """The services after interpolation, which refuses what is missing as Compose does. `$$` is a dollar."""

    def value(match):
        name, kind, text = match.groups()
        if name not in given and kind == "?":
            raise KeyError(name)
        return given.get(name, text if kind == "-" else "")

    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return yaml.safe_load(VARIABLE.sub(value, text).replace("$$", "$"))


def app_environment(**changed):
    return {**compose()["services"]["app1"]["environment"], **changed}


def test_compose_file_follows_the_specification():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    ran = subprocess.run(check, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", GIVEN)
def test_compose_refuses_to_start_without(name):
    with pytest.raises(KeyError, match=name):
        compose({key: value for key, value in GIVEN.items() if key != name})


def test_apps_are_configured_for_production():
    config = load_config(ROOT / "config.yaml", app_environment())
    assert config.is_production
    assert config.limits.storage == "mongodb"
    assert [str(network) for network in config.server.trusted_proxies] == [
        net["subnet"] for net in compose()["networks"]["front"]["ipam"]["config"]
    ]


@pytest.mark.parametrize("name", ["BLOGAPI_AUTH__SECRET", "BLOGAPI_AUTH__PEPPER"])
def test_apps_refuse_a_weak_secret(name):
    with pytest.raises(ConfigError):
        load_config(ROOT / "config.yaml", app_environment(**{name: "secret"}))


def test_apps_have_the_mail_server_that_is_set():
    url = "smtp://blog:p%40ss@mail.example.org:587"
    environment = compose({**GIVEN, "BLOGAPI_MAIL__URL": url})["services"]["app1"]["environment"]
    assert environment["BLOGAPI_MAIL__URL"] == url
    assert load_config(ROOT / "config.yaml", app_environment()).mail.url == ""


def test_apps_know_all_members_of_the_replica_set():
    services = compose()["services"]
    servers = [name for name, service in services.items() if service["image"].startswith("mongo:")]
    assert len(servers) == 3
    assert services["replica-set"]["command"] == [f"{name}:27017" for name in servers]
    url = services["app1"]["environment"]["BLOGAPI_MONGO__URL"]
    assert url.partition("@")[2] == ",".join(f"{name}:27017" for name in servers) + "/?replicaSet=rs0"
    for name in servers:
        command = services[name]["command"]
        assert command[command.index("--replSet") + 1] == "rs0"


def test_balancer_knows_all_apps():
    services = compose()["services"]
    apps = [name for name, service in services.items() if "BLOGAPI_ENVIRONMENT" in service.get("environment", {})]
    assert len(apps) == 2
    assert services["balancer"]["environment"]["APPS"].split() == [f"{name}:8080" for name in apps]
    assert all(services[app]["environment"] == services[apps[0]]["environment"] for app in apps)


@pytest.mark.parametrize(
    ("place", "pattern"),
    [(CADDYFILE, r"health_uri (\S+)"), (DOCKERFILE, r"http://127\.0\.0\.1:8080(/\w+)")],
    ids=["balancer", "image"],
)
def test_health_checks_ask_routes_that_exist(place, pattern):
    (path,) = re.findall(pattern, place)
    assert path in {route.path for route in routes_of(FEATURES)}


def test_idle_connections_of_the_balancer_end_before_those_of_the_app():
    (seconds,) = re.findall(r"keepalive (\d+)s", CADDYFILE)
    assert int(seconds) < load_config(ROOT / "config.yaml", {}).server.keepalive_seconds


def test_apps_that_stop_take_requests_until_the_balancer_knows():
    asks, waits = (int(re.search(rf"health_{name} (\d+)s", CADDYFILE)[1]) for name in ("interval", "timeout"))
    assert asks + waits < min(GRACE_SECONDS, load_config(ROOT / "config.yaml", {}).server.drain_seconds)


def test_containers_and_the_unit_of_systemd_have_time_to_drain():
    config = load_config(ROOT / "config.yaml", {})
    assert int(compose()["services"]["app1"]["stop_grace_period"].rstrip("s")) > config.server.stop_seconds
    unit = (ROOT / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > config.server.stop_seconds


def test_database_servers_have_time_to_stop():
    services = compose()["services"].values()
    periods = [service.get("stop_grace_period", "10s") for service in services if service["image"].startswith("mongo:")]
    assert [int(period.rstrip("s")) >= 30 for period in periods] == [True] * 3


def test_unit_of_systemd_tries_again_what_a_restart_cures_and_nothing_else():
    unit = (ROOT / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    (force,) = re.findall(r"^RestartForceExitStatus=(\d+)$", unit, re.MULTILINE)
    (prevent,) = re.findall(r"^RestartPreventExitStatus=(\d+)$", unit, re.MULTILINE)
    assert (int(force), int(prevent)) == (NotYet.exit_code, ConfigError.exit_code)


def test_image_leaves_out_what_is_not_for_production():
    package = ConfigParser()
    package.read(ROOT / "setup.cfg", "utf-8")
    extras = package["options.extras_require"]
    unwanted = {Requirement(line).name for name in ("embedded", "seed") for line in extras[name].split("\n") if line}
    (pattern,) = re.findall(r"grep -v -E '(.+?)'", DOCKERFILE)
    lock = (ROOT / "requirements" / "runtime.txt").read_text("utf-8").splitlines()
    assert {line.partition("==")[0] for line in lock if re.match(pattern, line)} == unwanted


@pytest.mark.parametrize("file", [".env", ".git/config", "var/secret", ".venv/bin/python", "tests/conftest.py"])
def test_builder_gets_no(file):
    patterns = (ROOT / ".dockerignore").read_text("utf-8").split()
    allowed = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    assert "*" in patterns
    assert not any(fnmatch(file, pattern) or file.startswith(f"{pattern}/") for pattern in allowed)


def test_builder_gets_what_the_image_copies():
    patterns = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert copied
    assert {f"!{path}" for path in copied} <= set(patterns)
    assert all((ROOT / path).exists() for path in copied)
