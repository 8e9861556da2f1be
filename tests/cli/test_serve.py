import json
import re
import signal
import socket
from contextlib import ExitStack, contextmanager
from urllib.request import Request, urlopen

import pytest
from pymongo import MongoClient

from blogapi.db.embedded.mongod import free_port, start_mongod, stop_mongod
from tests.servers import LONG

pytestmark = pytest.mark.mongod


@contextmanager
def serving(blog, *options, **settings):
    """A server that has said where it listens: its process and the lines that it has printed."""
    with blog.start("serve", *options, **settings) as process:
        try:
            yield process, facts_of(process)
        finally:
            process.terminate()


@contextmanager
def ended(process):
    """Whatever comes of the block: else who waits for the process waits for ever."""
    try:
        yield
    finally:
        process.terminate()


def facts_of(process):
    """What it says of itself when it serves."""
    lines = []
    # The rules before and after the facts.
    while sum(line.startswith("──") for line in lines) < 2:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        lines.append(line)
    return dict(re.findall(r"^(\w[\w ]*?)  +(.+)$", "".join(lines), re.MULTILINE))


def rest(process):
    """What it printed after that, once it is told to stop."""
    process.terminate()
    # Not by `communicate`, which passes over what `readline` has read ahead.
    return process.stdout.read(), process.stderr.read()


def get(url):
    with urlopen(url) as response:
        return json.load(response)


def sign_in(address, username, password):
    """The role of somebody who can sign in."""
    body = json.dumps({"login": username, "password": password}).encode()
    with urlopen(Request(f"{address}/v1/auth/login", body, {"Content-Type": "application/json"})) as response:
        return json.load(response)["user"]["role"]


def test_first_start_shows_a_blog_and_who_may_change_it(blog):
    with serving(blog) as (process, facts):
        address = facts["Address"]
        assert facts["Documentation"] == f"{address}/docs"
        posts = get(f"{address}/v1/posts")["items"]
        assert len(posts) >= 3
        assert get(f"{address}/v1/tags")["items"]
        author = posts[0]["authors"][0]["username"]
        assert get(f"{address}/v1/users/by-username/{author}")["posts_count"] == len(posts)

        banner = "".join(process.stdout.readline() for _ in range(5))
        password = re.search(r"Password +(\S+)", banner)[1]
        assert sign_in(address, "admin", password) == "admin"
        assert blog.json("doctor")["ok"]

    with serving(blog) as (process, facts):
        stdout, _ = rest(process)
        assert "Password" not in stdout
        assert "Administrator" not in facts


@pytest.mark.waits(15)
def test_servers_that_start_at_once_on_an_empty_database_make_one_demo(blog):
    with ExitStack() as stack:
        servers = [stack.enter_context(blog.start("serve")) for _ in range(4)]
        stack.callback(lambda: [server.terminate() for server in servers])
        facts = [facts_of(server) for server in servers]
        assert all(get(f"{each['Address']}/readyz")["status"] == "ok" for each in facts)
        told = [rest(server) for server in servers]
    assert sum("Password" in stdout for stdout, _ in told) == 1
    assert not any(" error " in stderr or "Traceback" in stderr for _, stderr in told)
    posts = blog.work(lambda b: b.database["posts"].find({}, {"working.title": 1}).to_list(None))
    titles = [post["working"]["title"] for post in posts]
    assert sorted(titles) == sorted(set(titles))


@pytest.mark.any_driver
def test_empty_means_empty_and_names_the_next_step(blog):
    with serving(blog, "--empty") as (process, facts):
        assert get(f"{facts['Address']}/v1/posts")["items"] == []
        assert "create-admin" in facts["Administrator"]
        stdout, _ = rest(process)
    assert "Password" not in stdout


@pytest.mark.any_driver
def test_blog_with_people_gets_no_demo(blog):
    blog("create-admin", "--username", "ada", "--email", "ada@example.org", "--generate")
    with serving(blog) as (process, facts):
        assert get(f"{facts['Address']}/v1/posts")["items"] == []
        stdout, _ = rest(process)
    assert "Password" not in stdout


@pytest.mark.any_driver
def test_production_gets_no_demo(blog):
    strong = {"AUTH__SECRET": "n3vX_w8KqLzR5tBdYh2mPc7JsGf4Tr0ub4dorQx1", "AUTH__BCRYPT_ROUNDS": "10"}
    with serving(blog, ENVIRONMENT="production", **strong) as (process, facts):
        assert get(f"{facts['Address']}/v1/posts")["items"] == []
        assert facts["Mail"].startswith("none: mail.url is not set. Off: confirming")
        assert "invitations" in facts["Mail"]
        assert facts["Logs"].startswith("json")
        stdout, _ = rest(process)
    assert "Password" not in stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_with_exit_code_0(blog, number):
    with serving(blog, "--empty") as (process, _):
        process.send_signal(number)
        _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert "Traceback" not in stderr


@pytest.mark.any_driver
def test_options_come_before_the_configuration(blog):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(blog, "--empty", "--host", "localhost", "--port", str(port), SERVER__PORT="1") as (_, facts):
        assert facts["Address"] == f"http://localhost:{port}"


@pytest.mark.any_driver
def test_public_address_is_told_beside_the_own_one(blog):
    with serving(blog, "--empty", SERVER__PUBLIC_URL="https://blog.example.org") as (_, facts):
        assert facts["Address"].startswith("http://localhost:")
        assert facts["Public address"] == "https://blog.example.org"
        assert facts["Documentation"] == "https://blog.example.org/docs"


@pytest.mark.any_driver
@pytest.mark.parametrize("patience", [0, 1])
def test_taken_port_is_waited_for_and_told_before_anything_is_begun(blog, patience):
    settings = {"SERVER__START_PATIENCE_SECONDS": str(patience), "LOG__FORMAT": "text"}
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        blog.start("serve", "--port", str(taken.getsockname()[1]), **settings) as process,
    ):
        stdout, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 75
    cannot = r"server\.port: cannot listen on 127\.0\.0\.1:.*\n"
    waiting = rf".* waiting up to 1 s: {cannot}" if patience else ""
    assert re.fullmatch(rf"{waiting}blogapi: {cannot}", stderr)
    assert stdout == ""


@pytest.mark.any_driver
def test_port_that_is_taken_for_a_moment_is_waited_for(blog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with blog.start("serve", "--empty", "--port", str(port)) as process, ended(process):
            assert "waiting up to 60 s: server.port" in process.stderr.readline()
            taken.close()
            assert facts_of(process)["Address"] == f"http://localhost:{port}"


@pytest.mark.waits(10)
def test_primary_that_is_not_elected_yet_is_waited_for(blog, tmp_path):
    port = free_port()
    mongod = start_mongod(tmp_path / "db", port)
    try:
        url = f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"
        # Each try is as long as that, and it is told after the first one that it waits.
        settings = {"MONGO__URL": url, "MONGO__TIMEOUT_SECONDS": "3"}
        with blog.start("serve", "--empty", **settings) as process, ended(process):
            waiting = next(line for line in process.stderr if "waiting" in line)
            assert re.search(r"waiting up to \d+ s: mongo\.url: no MongoDB primary answers there\.", waiting)
            with MongoClient("127.0.0.1", port, directConnection=True) as client:
                members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            assert facts_of(process)["Database"].endswith(f"on 127.0.0.1:{port}")
    finally:
        stop_mongod(mongod)


@pytest.mark.any_driver
@pytest.mark.parametrize("obstacle", ["port", "mongod"])
def test_nothing_is_made_for_a_start_that_fails(commands, tmp_path, obstacle):
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1]) if obstacle == "port" else "0"
        settings = {"MONGO__MONGOD": "none", "SERVER__START_PATIENCE_SECONDS": "1"}
        with commands.start("serve", "--data", str(data), "--port", port, **settings) as process:
            _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == (75 if obstacle == "port" else 78)
    assert obstacle in stderr
    assert not data.exists()


@pytest.mark.any_driver
def test_server_says_what_it_read_and_where_it_keeps_things(commands, tmp_path):
    del commands.environ["BLOGAPI_AUTH__SECRET"]
    data = tmp_path / "data"
    with serving(commands, "--empty", "--data", str(data)) as (process, facts):
        rest(process)
    assert facts["Configuration"] == str(commands.file)
    assert facts["Database"] == f"blogapi, embedded, in {data / 'mongo'}"
    assert facts["Secret"] == str(data / "secret")
    assert (data / "secret").exists()


@pytest.mark.any_driver
@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.7"])
def test_host_that_is_elsewhere_is_one_line(blog, host):
    with blog.start("serve", "--host", host) as process:
        stdout, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 78
    assert re.fullmatch(rf"blogapi: server\.host: {host} is not this machine .*\n", stderr)
    assert stdout == ""


@pytest.mark.waits(9)
def test_what_only_the_first_worker_finds_out_ends_the_server_in_one_line(blog):
    # Each try takes a second, and the start of a worker takes some.
    patience = {"SERVER__START_PATIENCE_SECONDS": "8", "MONGO__TIMEOUT_SECONDS": "1"}
    with blog.start("serve", MONGO__URL="mongodb://127.0.0.1:1/?replicaSet=rs0", **patience) as process:
        stdout, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 75
    assert stderr.count("waiting up to") == 1
    assert len(re.findall(r"^blogapi: mongo\.url: no MongoDB primary answers there\..*$", stderr, re.MULTILINE)) == 1
    assert "Traceback" not in stderr
    assert stdout == ""


@pytest.mark.any_driver
def test_workers_may_be_counted_on_the_command_line(blog):
    with serving(blog, "--empty", "--workers", "3", SERVER__WORKERS="1") as (_, facts):
        assert facts["Processes"] == "3"


@pytest.mark.any_driver
def test_credentials_of_the_database_are_not_shown(blog, mongo_url):
    blog.environ["BLOGAPI_MONGO__URL"] = mongo_url.replace("?", "?appName=Tr0ub4dor&")
    with serving(blog, "--empty") as (_, facts):
        assert re.fullmatch(r"cli on 127\.0\.0\.1:\d+", facts["Database"])


def test_commands_join_the_embedded_database_of_a_running_server(commands, tmp_path):
    with serving(commands, "--empty", MONGO__DATABASE="joined") as (process, facts):
        assert facts["Database"] == f"joined, embedded, in {tmp_path / 'mongo'}"
        commands.environ["BLOGAPI_MONGO__DATABASE"] = "joined"
        assert commands.json("seed", "--posts", "3", "--body-kb", "1", "--drafts", "0")["posts_created"] == 3
        assert get(f"{facts['Address']}/v1/tags")["items"]
        rest(process)
    assert process.returncode == 0
