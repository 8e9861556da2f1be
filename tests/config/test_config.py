import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from marshmallow import ValidationError

from blogapi.config import Config, LogConfig, MongoConfig, ProviderConfig, ServerConfig, load_config, variable
from blogapi.config.kinds import Flag, Items, Text, Whole
from blogapi.config.schema import keys_of
from blogapi.errors import ConfigError

PROJECT = Path(__file__).resolve().parents[2]
KEYS = keys_of({})

# Part of every secret below, so that no message may hold it.
SECRET = "Tr0ub4dor"
PRODUCTION = {
    "BLOGAPI_ENVIRONMENT": "production",
    "BLOGAPI_SERVER__PUBLIC_URL": "https://blog.example.org",
    "BLOGAPI_MONGO__URL": f"mongodb://blogapi:{SECRET}@db1.example.org:27017,db2.example.org/?replicaSet=rs0&w=majority",
    "BLOGAPI_AUTH__SECRET": f"{SECRET}-n3vX_w8KqLzR5tBdYh2mPc7JsGf4",
}


def production(**changes):
    return {**PRODUCTION, **{f"BLOGAPI_{name}": value for name, value in changes.items()}}


def production_url(options):
    return production(MONGO__URL=f"mongodb://blogapi:{SECRET}@db1.example.org/?{options}")


# What is refused: config.yaml, the environment, and the part of the message that names the key and the cure.
cases = [
    # Names
    ("server: {prot: 9000}", {}, "server.prot: is not a known key. Did you mean server.port?"),
    ("port: 9000", {}, "port: is not a known key. Did you mean server.port?"),
    ("sever: {port: 9000}", {}, "sever: is not a known key. Did you mean server?"),
    ("auth: {password: {min_lenght: 12}}", {}, "Did you mean auth.password.min_length?"),
    ("server.port: 9000", {}, "server.port: is not a known key. Write its parts as sections"),
    (f"'mongodb://{SECRET}@host': 1", {}, "(a name with unusual characters): is not a known key."),
    (
        "",
        {"BLOGAPI_SERVER_PORT": "9000"},
        "environment variable BLOGAPI_SERVER_PORT: is no known setting. Did you mean ",
    ),
    ("", {"BLOGAPI_PORT": "9000"}, "Did you mean BLOGAPI_SERVER__PORT?"),
    ("", {"BLOGAPI_SECRET": SECRET}, "Did you mean BLOGAPI_AUTH__SECRET?"),
    # Types
    ("server: 8080", {}, "server: must be a section."),
    ("server: [port]", {"BLOGAPI_SERVER__PORT": "9000"}, "server: must be a section."),
    ("auth: {password: 12}", {}, "auth.password: must be a section."),
    ("server: {port: '8080'}", {}, "server.port: must be a whole number from 0 to 65535."),
    ("server: {port: 8080.5}", {}, "server.port: must be a whole number"),
    ("server: {port: true}", {}, "server.port: must be a whole number"),
    ("server: {port: .inf}", {}, "server.port: must be a whole number"),
    ("server: {host: yes}", {}, "server.host: must be text. Put the value in quotes."),
    ("server: {host: }", {}, "server.host: has no value. Give one, or remove the line."),
    ("mongo: {database: 2024}", {}, "mongo.database: must be text."),
    ("mongo: {database: !!binary YmxvZw==}", {}, "mongo.database: must be text."),
    ("limits: {enabled: 1}", {}, "limits.enabled: must be true or false"),
    ("limits: {enabled: 'false'}", {}, "limits.enabled: must be true or false"),
    ("cors: {origins: 'https://a.example'}", {}, "cors.origins: must be a list"),
    ("cors: {origins: {a: b}}", {}, "cors.origins: must be a list"),
    ("cors: {origins: ['https://a.example', 5]}", {}, "cors.origins[1]: must be text."),
    ("", {"BLOGAPI_SERVER__PORT": "8080.5"}, "65535. (environment variable BLOGAPI_SERVER__PORT)"),
    ("", {"BLOGAPI_SERVER__PORT": ""}, "server.port: must be a whole number"),
    ("", {"BLOGAPI_SERVER__PORT": "9" * 5000}, "server.port: must be a whole number"),
    ("", {"BLOGAPI_LIMITS__ENABLED": "maybe"}, "limits.enabled: must be true or false"),
    # Values
    ("environment: staging", {}, "environment: must be one of development, production."),
    ("", {"BLOGAPI_SERVER__PORT": "65536"}, "server.port: must be a whole number from 0 to 65535."),
    ("server: {port: -1}", {}, "server.port: must be a whole number from 0 to 65535."),
    ("server: {workers: -1}", {}, "server.workers: must be a whole number from 0 to 1024."),
    ("server: {host: 'http://127.0.0.1'}", {}, "server.host: is no host."),
    ("server: {host: '127.0.0.1:8080'}", {}, "server.host: is no host."),
    ("server: {host: 127.0.0.256}", {}, "server.host: is no host."),
    ("server: {host: ''}", {}, "server.host: is no host."),
    ('server: {host: "a\\nb"}', {}, "server.host: contains a line break"),
    ("server: {public_url: 'https://blog.example.org/'}", {}, "server.public_url: is no origin."),
    ("server: {public_url: 'https://example.org/blog'}", {}, "server.public_url: is no origin."),
    ("server: {public_url: blog.example.org}", {}, "server.public_url: is no origin."),
    ("server: {public_url: 'ftp://blog.example.org'}", {}, "server.public_url: is no origin."),
    ("server: {public_url: 'https://blog.example.org:70000'}", {}, "server.public_url: is no origin."),
    ("server: {trusted_proxies: [10.0.0.1/8]}", {}, "server.trusted_proxies[0]: is no address or network."),
    ("", {"BLOGAPI_SERVER__TRUSTED_PROXIES": "10.0.0.1, proxy"}, "server.trusted_proxies[1]: is no address"),
    ("server: {keepalive_seconds: 0}", {}, "server.keepalive_seconds: must be a whole number from 1 to 3600."),
    ("mongo: {url: 'http://localhost:27017'}", {}, "mongo.url: is no MongoDB address."),
    ("mongo: {url: 'mongodb://'}", {}, "mongo.url: is no MongoDB address."),
    ("", {"BLOGAPI_MONGO__URL": f"mongodb://blogapi:{SECRET}/x@localhost"}, "percent-encode special characters"),
    ("mongo: {database: my.blog}", {}, "mongo.database: is no usable database name."),
    ("mongo: {database: admin}", {}, "mongo.database: is no usable database name."),
    ("mongo: {data_dir: ''}", {}, "mongo.data_dir: is empty."),
    ("auth: {bcrypt_rounds: 3}", {}, "auth.bcrypt_rounds: must be a whole number from 4 to 16."),
    ("auth: {bcrypt_rounds: 17}", {}, "auth.bcrypt_rounds: must be a whole number from 4 to 16."),
    ("auth: {session_idle_days: 91}", {}, "auth.session_idle_days: is more than auth.session_max_days. Lower it"),
    ("auth: {password: {min_length: 257}}", {}, "auth.password.min_length: must be a whole number from 1 to 256."),
    ("auth: {passkeys: {rp_id: 192.0.2.1}}", {}, "auth.passkeys.rp_id: is an address, and has to be a domain"),
    ("auth: {passkeys: {rp_id: 'https://example.org'}}", {}, "auth.passkeys.rp_id: is no domain."),
    ("auth: {passkeys: {rp_id: example.org}}", {}, "auth.passkeys.rp_id: is not the host of server.public_url"),
    (
        "{server: {public_url: 'https://blog.example.org'}, auth: {passkeys: {rp_id: log.example.org}}}",
        {},
        "auth.passkeys.rp_id: is not the host of server.public_url",
    ),
    ("registration: {mode: invited}", {}, "registration.mode: must be one of open, invite, closed."),
    ("registration: {role: admin}", {}, "registration.role: must be one of reader, contributor, author, editor."),
    ("limits: {storage: redis}", {}, "limits.storage: must be one of auto, memory, mongodb."),
    ("limits: {reads: fast}", {}, "limits.reads: is no rate. Write a number"),
    ("limits: {writes: 0/minute}", {}, "limits.writes: is no rate."),
    ("limits: {sign_in: 10/minute; 50/hour}", {}, "limits.sign_in: is no rate."),
    ("cors: {origins: ['*']}", {}, "cors.origins[0]: is no origin."),
    ("cors: {origins: ['https://*.example.org']}", {}, "no wildcard."),
    ("", {"BLOGAPI_CORS__ORIGINS": "https://a.example,null"}, "cors.origins[1]: is no origin."),
    ("cache: {shared_max_age: -1}", {}, "cache.shared_max_age: must be a whole number from 0 to 31536000."),
    ("log: {level: verbose}", {}, "log.level: must be one of debug, info, warning, error."),
    ("log: {format: xml}", {}, "log.format: must be one of auto, json, text."),
    ("mail: {url: 'http://mail.example.org'}", {}, "mail.url: is no address of a mail server. Write smtp://"),
    ("mail: {url: 'smtps://mail.example.org?starttls=never'}", {}, "mail.url: is no address of a mail server."),
    ("", {"BLOGAPI_MAIL__URL": f"smtp://blog:{SECRET}/x@mail.example.org"}, "percent-encode special characters"),
    ("mail: {from: 'Our blog'}", {}, "mail.from: is no sender. Write blog@example.org or Our blog <"),
    ("mail: {from: 'blog@example.org, eve@example.org'}", {}, "mail.from: is no sender."),
    ('mail: {from: "blog@example.org\\nBcc: eve@example.org"}', {}, "mail.from: contains a line break"),
    ("mail: {link_base: 'https://www.example.org/?page=account'}", {}, "mail.link_base: is no address of pages."),
    ("mail: {link_base: 'www.example.org'}", {}, "mail.link_base: is no address of pages."),
    ("registration: {verify_email: sometimes}", {}, "registration.verify_email: must be one of off, later, first."),
    ("limits: {mail: often}", {}, "limits.mail: is no rate."),
    ("mail: {timeout_seconds: 31}", {}, "mail.timeout_seconds: must be a whole number from 1 to 30."),
    # Secrets in the file
    (
        f"mail: {{url: 'smtp://blog:{SECRET}@mail.example.org'}}",
        {},
        "mail.url: is secret and does not belong in a file.",
    ),
    (
        f"auth: {{secret: {SECRET}}}",
        {},
        "auth.secret: is secret and does not belong in a file. Remove it there and set",
    ),
    (f"auth: {{secret: {SECRET}}}", production(), "auth.secret: is secret and does not belong in a file."),
    (f"auth: {{pepper: {SECRET}}}", {}, "auth.pepper: is secret and does not belong in a file."),
    (f"mongo: {{url: 'mongodb://u:{SECRET}@host'}}", {}, "mongo.url: is secret and does not belong in a file."),
    (f"mongo: {{url: 'mongodb://h/?proxyPassword={SECRET}'}}", {}, "mongo.url: is secret and does not belong"),
    # The file
    ("server: {port: 8080", {}, "config.yaml: line 1, column 20 is not valid YAML."),
    (f"auth:\n  pepper: *{SECRET}", {}, "config.yaml: line 2, column 11 is not valid YAML."),
    ("server:\n\tport: 8080", {}, "config.yaml: line 2, column 1 is not valid YAML."),
    ("server: {}\n---\nserver: {}", {}, "is not valid YAML."),
    ("server: {host: 2024-13-45}", {}, "config.yaml: a value is not valid YAML."),
    ("server: !!map [port]", {}, "config.yaml: a value is not valid YAML."),
    ("server:\n  port: 1\n  port: 2", {}, "config.yaml: port is written twice, again in line 3. Keep one of them."),
    ("server: {port: 1}\nserver: {host: a}", {}, "config.yaml: server is written twice, again in line 2."),
    ("- server", {}, "config.yaml: is no mapping. Write sections"),
    ("server", {}, "config.yaml: is no mapping. Write sections"),
    # Production
    ("environment: production", {}, "mongo.url: is required in production. Set BLOGAPI_MONGO__URL"),
    ("", production(AUTH__SECRET=""), "auth.secret: is not set. Set BLOGAPI_AUTH__SECRET to what this prints: python"),
    ("", production(AUTH__SECRET=SECRET), "auth.secret: is shorter than 32 bytes. Set BLOGAPI_AUTH__SECRET"),
    (
        "",
        production(AUTH__SECRET=f"change-me-{SECRET}-n3vX_w8KqLzR5tBdYh2mPc7"),
        "auth.secret: is an example or a place",
    ),
    ("", production(AUTH__SECRET=SECRET * 8), "auth.secret: is too regular to be random."),
    ("", production(AUTH__SECRET="x" * 64), "auth.secret: is too regular to be random."),
    ("", production(AUTH__PEPPER=SECRET), "auth.pepper: is shorter than 32 bytes. Set BLOGAPI_AUTH__PEPPER"),
    ("", production(MONGO__URL=""), "mongo.url: is required in production."),
    ("", production_url("w=1"), "mongo.url: weakens the write concern by w."),
    ("", production_url("W=0"), "mongo.url: weakens the write concern by w."),
    ("", production_url("replicaSet=rs0;w=majority;journal=false"), "mongo.url: weakens the write concern by journal."),
    ("", production(SERVER__PUBLIC_URL="http://blog.example.org"), "server.public_url: must be an https address"),
    ("server: {host: 0.0.0.0}", production(SERVER__PUBLIC_URL=""), "server.public_url: must be an https address"),
    ("", production(AUTH__BCRYPT_ROUNDS="9"), "auth.bcrypt_rounds: is under 10, which is too weak for production."),
    ("", production(AUTH__PASSWORD__MIN_LENGTH="7"), "auth.password.min_length: is under 8"),
]


@pytest.fixture
def write(tmp_path):
    """Writes config.yaml and returns its path."""

    def write(text=""):
        file = tmp_path / "config.yaml"
        file.write_text(text, "utf-8")
        return file

    return write


def refusal(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ or {})
    return str(caught.value)


@pytest.mark.parametrize(("text", "environ", "expected"), cases)
def test_wrong_configuration_is_refused_with_key_and_cure(write, text, environ, expected):
    message = refusal(write(text), environ)
    assert expected in message
    assert "\n" not in message
    assert SECRET not in message


@pytest.mark.parametrize("name", [".", "missing.yaml"])
def test_file_that_cannot_be_read_is_refused(tmp_path, name):
    assert "cannot be read (" in refusal(None, {"BLOGAPI_CONFIG": str(tmp_path / name)})


def test_all_problems_are_named_at_once(write):
    message = refusal(write("port: 1\nserver: {port: x, prot: 1}"), {"BLOGAPI_PORT": "1"})
    keys = [problem.partition(":")[0] for problem in message.split("; ")]
    assert keys == ["environment variable BLOGAPI_PORT", "port", "server.port", "server.prot"]


def test_long_list_of_problems_is_cut(write):
    message = refusal(write("\n".join(f"unknown{n}: 1" for n in range(9))))
    assert message.count("is not a known key") == 5
    assert message.endswith("; and 4 more")


def test_problem_names_where_the_value_came_from(write, tmp_path):
    file = write("server: {port: x}")
    assert refusal(file).endswith(f" ({file})")
    (tmp_path / ".env").write_text("BLOGAPI_SERVER__PORT=y")
    assert refusal(file).endswith(f" (BLOGAPI_SERVER__PORT in {tmp_path}/.env)")
    assert refusal(file, {"BLOGAPI_SERVER__PORT": "z"}).endswith(" (environment variable BLOGAPI_SERVER__PORT)")


@pytest.mark.parametrize(
    ("file", "dotenv", "environ", "port"),
    [
        (False, False, False, 8080),
        (True, False, False, 1),
        (True, True, False, 2),
        (True, True, True, 3),
        (True, False, True, 3),
    ],
)
def test_later_source_wins(write, tmp_path, file, dotenv, environ, port):
    path = write("server: {port: 1}" if file else "")
    if dotenv:
        (tmp_path / ".env").write_text("BLOGAPI_SERVER__PORT=2\n")
    config = load_config(path, {"BLOGAPI_SERVER__PORT": "3"} if environ else {})
    assert config.server.port == port


def test_source_changes_only_its_own_keys(write):
    path = write("server: {host: localhost}\nlimits: &shared {enabled: false}\ncache: *shared")
    config = load_config(path, {"BLOGAPI_SERVER__PORT": "1", "BLOGAPI_CACHE__ENABLED": "true"})
    assert (config.server.host, config.server.port) == ("localhost", 1)
    assert (config.limits.enabled, config.cache.enabled) == (False, True)


@pytest.mark.parametrize("text", ["", "server:\nauth:\n  password:\n", "# nothing\n", "{}"])
def test_empty_sections_mean_the_defaults(write, tmp_path, text):
    assert load_config(write(text), {}) == Config(root=tmp_path)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("Yes", True), ("false", False), ("0", False), (" NO ", False)]
)
def test_switch_in_the_environment_takes_usual_words(write, text, value):
    assert load_config(write(), {"BLOGAPI_LIMITS__ENABLED": text}).limits.enabled is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ()),
        ("10.0.0.7", (ip_network("10.0.0.7"),)),
        ("10.0.0.0/8, ::1 ,", (ip_network("10.0.0.0/8"), ip_network("::1"))),
    ],
)
def test_list_in_the_environment_is_comma_separated(write, text, value):
    assert load_config(write(), {"BLOGAPI_SERVER__TRUSTED_PROXIES": text}).server.trusted_proxies == value


def test_deep_key_is_set_by_the_environment(write):
    config = load_config(write(), {"BLOGAPI_AUTH__PASSWORD__MIN_LENGTH": "16"})
    assert config.auth.password.min_length == 16


def test_variables_that_are_no_settings_pass(write, tmp_path):
    environ = {"BLOGAPI_CONFIG": "elsewhere", "BLOGAPI_CORPUS": "/corpus", "PATH": "/bin", "MY_BLOGAPI_X": "1"}
    assert load_config(write(), environ) == Config(root=tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://localhost",
        "mongodb://[::1]:27017,db2:27018/blog?replicaSet=rs0",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/?directConnection=true",
        "mongodb+srv://user:p%40ss@cluster.example.org/?retryWrites=true",
    ],
)
def test_mongodb_addresses_are_taken(write, url):
    assert load_config(write(), {"BLOGAPI_MONGO__URL": url}).mongo.url == url


def test_mongodb_address_without_a_password_may_stand_in_the_file(write):
    url = "mongodb://app@db1,db2/?replicaSet=rs0&authMechanism=MONGODB-X509"
    assert load_config(write(f"mongo: {{url: '{url}'}}"), {}).mongo.url == url


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Blog.Example.ORG", "https://blog.example.org"),
        ("https://blog.example.org:443", "https://blog.example.org"),
        ("http://blog.example.org:443", "http://blog.example.org:443"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_origin_is_kept_as_browsers_send_it(write, written, kept):
    config = load_config(write(), {"BLOGAPI_SERVER__PUBLIC_URL": written, "BLOGAPI_CORS__ORIGINS": written})
    assert config.public_url == kept
    assert config.cors.origins == (kept,)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (ServerConfig(), "http://localhost:8080"),
        (ServerConfig(host="::1", port=9000), "http://[::1]:9000"),
        (ServerConfig(host="localhost", port=80), "http://localhost"),
        (ServerConfig(public_url="https://blog.example.org"), "https://blog.example.org"),
    ],
)
def test_public_url_falls_back_to_where_we_listen(tmp_path, server, url):
    assert Config(root=tmp_path, server=server).public_url == url


@pytest.mark.parametrize(
    ("environment", "chosen", "used"),
    [("development", "auto", "text"), ("production", "auto", "json"), ("production", "text", "text")],
)
def test_automatic_log_format_follows_the_environment(tmp_path, environment, chosen, used):
    assert Config(root=tmp_path, environment=environment, log=LogConfig(format=chosen)).log_format == used


@pytest.mark.parametrize("workers", [0, 1, 1000])
def test_processes_share_the_cores_for_what_computes_long(workers):
    server = ServerConfig(workers=workers)
    assert 1 <= server.busy_workers <= max(1, os.cpu_count() // (2 * server.processes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SERVER__PUBLIC_URL": "http://localhost:8080"},
        {"SERVER__PUBLIC_URL": "", "SERVER__HOST": "127.0.0.1"},
        {"AUTH__PEPPER": "b7Q2-xkW9fLrT_z4uHnVd6yMp3EsGj8c"},
        {"AUTH__BCRYPT_ROUNDS": "10", "AUTH__PASSWORD__MIN_LENGTH": "8"},
    ],
)
def test_sound_production_is_taken(write, changes):
    assert load_config(write(), production(**changes)).is_production


def test_weak_secret_is_fine_in_development(write):
    assert load_config(write(), {"BLOGAPI_AUTH__SECRET": "short"}).auth.secret == "short"


def test_repr_shows_no_secret(write):
    config = load_config(write(), production(AUTH__PEPPER=f"{SECRET}-xkW9fLrT_z4uHnVd6yMp3EsGj8c"))
    assert SECRET not in repr(config)
    assert SECRET in config.auth.pepper


def test_relative_paths_are_below_the_root(write, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    config = load_config(write("mongo: {data_dir: data, mongod: bin/mongod}"), {})
    assert config.root == tmp_path
    assert config.mongo.data_dir == tmp_path / "data"
    assert config.mongo.mongod == str(tmp_path / "bin/mongod")


def test_config_made_by_hand_has_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(root=Path(), mongo=MongoConfig(data_dir=Path("/data")))
    assert config.root == tmp_path
    assert config.mongo.data_dir == Path("/data")
    assert config.mongo.mongod == ""


def test_environment_names_the_file(write, tmp_path, monkeypatch):
    write("server: {port: 1}")
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {"BLOGAPI_CONFIG": "config.yaml"}).server.port == 1


def test_file_given_by_the_caller_wins(write):
    assert load_config(write("server: {port: 1}"), {"BLOGAPI_CONFIG": "/nowhere"}).server.port == 1


@pytest.mark.parametrize(
    ("in_project", "in_folder", "root"), [(True, True, "project"), (False, True, "folder"), (False, False, "folder")]
)
def test_file_is_found_in_the_project_then_in_the_folder(tmp_path, in_project, in_folder, root):
    project, folder = tmp_path / "project", tmp_path / "folder"
    shutil.copytree(PROJECT / "blogapi", project / "blogapi", ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir()
    for place, wanted in ((project, in_project), (folder, in_folder)):
        if wanted:
            (place / "config.yaml").write_text("{}")
    code = f"import sys; sys.path.insert(0, {str(project)!r}); from blogapi.config import *; print(load_config().root)"
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, env={}, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(tmp_path / root)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_STATE_HOME": "/state"}, "/state/blogapi"),
        ({"XDG_STATE_HOME": "relative"}, "~/.local/state/blogapi"),
        ({}, "~/.local/state/blogapi"),
        ({"XDG_STATE_HOME": "/state", "BLOGAPI_DATA": "/data"}, "/data"),
    ],
)
def test_data_without_a_configuration_lie_where_nobody_stands(tmp_path, monkeypatch, environ, folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("blogapi.config.loading.PROJECT", tmp_path / "site-packages")
    config = load_config(None, environ)
    assert config.file is None
    assert config.data == Path(folder).expanduser()
    assert config.mongo.data_dir == config.data / "mongo"


def test_data_lie_beside_the_configuration(write, tmp_path):
    file = write()
    config = load_config(file, {"XDG_STATE_HOME": "/state"})
    assert (config.file, config.data, config.mongo.data_dir) == (file, tmp_path / "var", tmp_path / "var/mongo")


def test_folder_for_data_comes_before_the_file(write):
    config = load_config(write("mongo: {data_dir: elsewhere}"), {"BLOGAPI_DATA": "/data"})
    assert (config.data, config.mongo.data_dir) == (Path("/data"), Path("/data/mongo"))


def test_environment_comes_before_the_folder_for_data(write):
    config = load_config(write(), {"BLOGAPI_DATA": "/data", "BLOGAPI_MONGO__DATA_DIR": "/mongo"})
    assert (config.data, config.mongo.data_dir) == (Path("/data"), Path("/mongo"))


def test_loading_writes_nothing(write, tmp_path):
    load_config(write(), {})
    assert [file.name for file in tmp_path.iterdir()] == ["config.yaml"]


def described():
    """What config.yaml says: each key in the order of the file, with its default and the comment above it."""
    sections, comment, found = [], [], {}
    for line in (PROJECT / "config.yaml").read_text("utf-8").splitlines():
        depth, text = (len(line) - len(line.lstrip())) // 2, line.strip()
        if text.startswith("#"):
            comment.append(text.removeprefix("#").strip())
            continue
        if text:
            name, _, value = text.partition(":")
            sections[depth:] = [name]
            if value:
                found[".".join(sections)] = (value.strip(), " ".join(comment))
        comment = []
    return found


def reference():
    """The tables of docs/reference/configuration.md."""
    parts, section = [], None
    for key, (default, comment) in described().items():
        if (top := key.partition(".")[0]) != section:
            section = top
            parts += [f"\n## {section}\n", "| Key | Environment variable | Default | Meaning |", "|--|--|--|--|"]
        parts.append(f"| `{key}` | `{variable(key)}` | `{default}` | {comment} |")
    return "\n".join(parts) + "\n"


@pytest.mark.parametrize(
    ("settings", "domain"),
    [
        ("server: {public_url: 'https://blog.example.org:8443'}", "blog.example.org"),
        ("{}", "localhost"),
        ("{server: {public_url: 'https://api.example.org'}, auth: {passkeys: {rp_id: Example.org}}}", "example.org"),
        ("{cors: {origins: ['https://www.example.net']}, auth: {passkeys: {rp_id: example.net}}}", "example.net"),
    ],
)
def test_passkeys_belong_to_a_domain(write, settings, domain):
    assert load_config(write(settings), {}).passkey_domain == domain


def test_config_file_holds_every_key_with_its_default(tmp_path):
    shutil.copy(PROJECT / "config.yaml", tmp_path)
    assert list(described()) == list(KEYS)
    assert load_config(tmp_path / "config.yaml", {}) == Config(root=tmp_path)


@pytest.mark.parametrize("key", KEYS)
def test_config_file_explains_every_key(key):
    default, comment = described()[key]
    assert re.fullmatch(r"[A-Za-z].{8,}\.", comment)
    setting = KEYS[key]
    if isinstance(setting, Whole):
        assert str(setting.validate.max) in comment
    assert isinstance(yaml.safe_load(default), bool) is isinstance(setting, Flag)
    assert isinstance(yaml.safe_load(default), list) is isinstance(setting, Items)


def test_reference_says_what_the_config_file_says():
    page = (PROJECT / "docs/reference/configuration.md").read_text("utf-8")
    assert page.endswith(reference()), f"End the page with what reference() returns:\n{reference()}"


def test_env_example_is_right_in_every_line(write):
    lines = (PROJECT / ".env.example").read_text("utf-8").splitlines()
    settings = dict(line.removeprefix("# ").split("=", 1) for line in lines if line.startswith("# BLOGAPI_"))
    config = load_config(write(), {**settings, "BLOGAPI_AUTH__SECRET": PRODUCTION["BLOGAPI_AUTH__SECRET"]})
    assert config.is_production
    assert settings["BLOGAPI_AUTH__SECRET"] == ""


# Sections under names of people's own.

EXAMPLE = "providers: {example: {issuer: 'https://accounts.example.org', client_id: blog}}"


def test_provider_is_read_from_the_file_and_its_secret_from_the_environment(write):
    config = load_config(write(EXAMPLE), {"BLOGAPI_PROVIDERS__EXAMPLE__CLIENT_SECRET": SECRET})
    issuer = "https://accounts.example.org"
    assert config.providers == {"example": ProviderConfig(issuer=issuer, client_id="blog", client_secret=SECRET)}
    assert SECRET not in repr(config)


def test_provider_can_stand_in_the_environment_alone(write):
    known = {"ISSUER": "http://localhost:9000/a", "CLIENT_ID": "blog", "TITLE": "Our own"}
    config = load_config(write(), {f"BLOGAPI_PROVIDERS__OUR_OWN__{name}": value for name, value in known.items()})
    issuer = "http://localhost:9000/a"
    assert config.providers == {"our_own": ProviderConfig(issuer=issuer, client_id="blog", title="Our own")}


def test_example_of_a_provider_in_the_file_is_right(tmp_path):
    """Whoever takes the # away has a provider."""
    text = (PROJECT / "config.yaml").read_text("utf-8")
    example = re.search(r"^providers:\n((?:  #.*\n)+)", text, re.MULTILINE)[1]
    (tmp_path / "config.yaml").write_text("providers:\n" + re.sub(r"^  # ?", "  ", example, flags=re.MULTILINE))
    assert load_config(tmp_path / "config.yaml", {}).providers.keys() == {"example"}


@pytest.mark.parametrize(
    ("yaml", "environ", "said"),
    [
        ("providers: [a]", {}, "providers: must be a section."),
        ("providers: {a: b}", {}, "providers.a: must be a section."),
        ("providers: {a: }", {}, "providers.a.issuer: is not set, and has no default. Set it."),
        ("providers: {Example: {}}", {}, "providers.Example: is no name for a section."),
        ("providers: {a__b: {}}", {}, "providers.a__b: is no name for a section."),
        ("providers: {1: {}}", {}, "providers[1]: is no name for a section."),
        ("providers: {a: {isuer: x}}", {}, "providers.a.isuer: is not a known key. Did you mean providers.a.issuer?"),
        (EXAMPLE.replace("blog", "''"), {}, "providers.example.client_id: must have 1 to 255 characters."),
        (EXAMPLE.replace("https:", "http:"), {}, "providers.example.issuer: must be an https address."),
        (EXAMPLE.replace("org'", "org?a=b'"), {}, "providers.example.issuer: is no issuer."),
        (EXAMPLE.replace("org'", "org:0'"), {}, "providers.example.issuer: is no issuer."),
        (
            EXAMPLE.replace("blog", f"blog, client_secret: {SECRET}"),
            {},
            "Remove it there and set BLOGAPI_PROVIDERS__EXAMPLE__CLIENT_SECRET",
        ),
        (EXAMPLE, {"BLOGAPI_PROVIDERS__EXAMPLE__CLIENT_SCRET": SECRET}, "BLOGAPI_PROVIDERS__EXAMPLE__CLIENT_SECRET?"),
        ("", {"BLOGAPI_PROVIDERS__EXAMPLE__CLIENT_SECRET": SECRET}, "providers.example.issuer: is not set"),
        (
            EXAMPLE.replace("{example", "{other: {issuer: 'https://accounts.example.org', client_id: a}, example"),
            {},
            "providers.example.issuer: is that of providers.other. Keep one of them.",
        ),
        (
            EXAMPLE.replace("https://accounts.example.org", "http://localhost"),
            PRODUCTION,
            "providers.example.issuer: must be an https address in production.",
        ),
    ],
)
def test_wrong_provider_is_refused(write, yaml, environ, said):
    with pytest.raises(ConfigError) as caught:
        load_config(write(yaml), environ)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


# Sections that features bring.


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    depth: Annotated[int, Whole(0, 9)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    title: Annotated[str, Text()]
    token: Annotated[str, Text(is_secret=bool)] = field(default="", repr=False)
    open: Annotated[bool, Flag()] = True
    inner: Inner = Inner()

    def __post_init__(self):
        if self.title == "closed" and self.open:
            raise ValidationError({"open": ["cannot be true for a closed shop. Set it to false."]})


SHOP = {"shop": Shop}


def test_section_of_a_feature_is_read_like_any_other(write):
    file = write("shop: {title: Books, inner: {depth: 3}}")
    config = load_config(file, {"BLOGAPI_SHOP__OPEN": "no", "BLOGAPI_SHOP__TOKEN": SECRET}, SHOP)
    assert config.own[Shop] == Shop(title="Books", token=SECRET, open=False, inner=Inner(depth=3))
    assert SECRET not in repr(config)


@pytest.mark.parametrize(
    ("yaml", "environ", "said"),
    [
        ("shop: {title: a, tilte: b}", {}, "shop.tilte: is not a known key. Did you mean shop.title?"),
        ("shoop: {title: a}\nshop: {title: a}", {}, "shoop: is not a known key. Did you mean shop?"),
        ("shop: {title: a, inner: {depth: 10}}", {}, "shop.inner.depth: must be a whole number from 0 to 9."),
        ("", {}, "shop.title: is not set, and has no default. Set it."),
        ("shop:", {}, "shop.title: is not set, and has no default. Set it."),
        ("shop: {title: closed}", {}, "shop.open: cannot be true for a closed shop. Set it to false."),
        ("", {"BLOGAPI_SHOP__TILTE": "a"}, "Did you mean BLOGAPI_SHOP__TITLE?"),
        (f"shop: {{title: a, token: {SECRET}}}", {}, "shop.token: is secret and does not belong in a file."),
    ],
)
def test_wrong_section_of_a_feature_is_refused(write, yaml, environ, said):
    with pytest.raises(ConfigError) as caught:
        load_config(write(yaml), environ, SHOP)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_section_is_unknown_without_its_feature(write):
    with pytest.raises(ConfigError, match="shop: is not a known key"):
        load_config(write("shop: {title: Books}"), {})


def test_section_takes_no_name_that_is_taken(write):
    with pytest.raises(ValueError, match="server"):
        load_config(write(), {}, {"server": Shop})
