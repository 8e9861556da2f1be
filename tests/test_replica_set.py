"""Three database servers, made a set by deploy/init-replica-set.py, and two server processes in production on it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from itertools import count

import aiohttp
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymongo.write_concern import WriteConcern

from blogapi.app import running
from blogapi.cache.cache import Cache
from blogapi.cache.sources import FoundBy, PublicPart
from blogapi.db.client import connect, new_id
from blogapi.db.embedded import keeper
from blogapi.db.embedded.mongod import find_mongod, free_port
from blogapi.db.follow import follow
from tests.conftest import until as eventually
from tests.servers import LONG, ROOT, environment, serving

pytestmark = [pytest.mark.mongod, pytest.mark.waits(10)]
ELECTION_MILLISECONDS = 5000
SECRETS = {"MONGO_ADMIN_PASSWORD": "administrators", "MONGO_PASSWORD": "blogs"}
ACCOUNT = {"username": "ada", "email": "ada@example.org", "password": "a long and quiet river"}
WRITERS = 8
# The modes of a server's failpoint that keeps it from fetching what the primary writes.
STOPPED, RUNNING = "alwaysOn", "off"


def free_ports(number):
    found = set()
    while len(found) < number:
        found.add(free_port())
    return sorted(found)


class ReplicaSet:
    """Three servers that know each other by a key, and let nobody in without a password."""

    def __init__(self, folder):
        self._folder, self._mongod, self._running = folder, find_mongod(), {}
        self.hosts = [f"127.0.0.1:{port}" for port in free_ports(3)]
        self._key = folder / "key"
        self._key.write_text("an0key0that0only0these0three0have")
        self._key.chmod(0o400)

    def start(self):
        """Start those that do not run."""
        for host in self.hosts:
            if host not in self._running:
                self._running[host] = self._start(host)

    def _start(self, host):
        folder = self._folder / host.rpartition(":")[2]
        folder.mkdir(exist_ok=True)
        arguments = [
            *(self._mongod, "--dbpath", folder, "--port", folder.name, "--bind_ip", "127.0.0.1", "--nounixsocket"),
            *("--replSet", "rs0", "--keyFile", self._key, "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
            *("--logpath", f"{folder}.log", "--logappend", "--setParameter", "enableTestCommands=1"),
        ]
        # It ends with us, however that happens.
        become = [sys.executable, "-I", "-S", keeper.BECOME, str(os.getpid())]
        return subprocess.Popen([*become, *map(str, arguments)], stdout=subprocess.DEVNULL)

    def set_up(self):
        """Run the script of deploy/ as docker-compose.yml does."""
        script = [sys.executable, ROOT / "deploy" / "init-replica-set.py", *self.hosts]
        ran = subprocess.run(script, env={**os.environ, **SECRETS}, capture_output=True, text=True, timeout=LONG)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    @property
    def url(self):
        """As the app signs in."""
        return f"mongodb://blogapi:{SECRETS['MONGO_PASSWORD']}@{','.join(self.hosts)}/?replicaSet=rs0"

    def client(self, host=None):
        """As its administrator; with a host, on that server alone."""
        return MongoClient(
            host or self.hosts,
            directConnection=host is not None,
            replicaSet=None if host else "rs0",
            username="admin",
            password=SECRETS["MONGO_ADMIN_PASSWORD"],
            serverSelectionTimeoutMS=30_000,
        )

    def wait_until_whole(self):
        def is_whole():
            states = sorted(member["stateStr"] for member in client.admin.command("replSetGetStatus")["members"])
            return states == ["PRIMARY", "SECONDARY", "SECONDARY"]

        with self.client() as client:
            until(is_whole)

    def elect_fast(self):
        def is_changed():
            config = client.admin.command("replSetGetConfig")["config"]
            config["settings"]["electionTimeoutMillis"] = ELECTION_MILLISECONDS
            try:
                return client.admin.command("replSetReconfig", {**config, "version": config["version"] + 1})
            except OperationFailure:  # it is still changing it itself, since the last member is new
                return None

        with self.client() as client:
            until(is_changed)

    def roles(self):
        """The primary, and the others."""
        with self.client() as client:
            primary = client.admin.command("hello")["primary"]
        return primary, [host for host in self.hosts if host != primary]

    def fetch(self, mode, *hosts):
        """Whether these get what the primary writes."""
        for host in hosts:
            with self.client(host) as client:
                client.admin.command("configureFailPoint", "stopReplProducer", mode=mode)

    def signal(self, number, *hosts):
        for host in hosts:
            self._running[host].send_signal(number)

    def kill(self, *hosts):
        for host in hosts:
            process = self._running.pop(host)
            process.kill()
            process.wait()

    def stop(self):
        self.kill(*self._running)


def until(condition):
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def three_servers(tmp_path_factory):
    servers = ReplicaSet(tmp_path_factory.mktemp("set"))
    try:
        servers.start()
        servers.set_up()
        servers.wait_until_whole()
        servers.elect_fast()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def replica_set(three_servers):
    """The set with all of its members."""
    three_servers.start()
    three_servers.wait_until_whole()
    return three_servers


@pytest.fixture
async def production(request, tmp_path, replica_set):
    """The addresses of two server processes on one database. The parameter: where they count for the rate limits."""

    def in_production(port):
        return serving(
            tmp_path,
            ENVIRONMENT="production",
            SERVER__PORT=str(port),
            SERVER__PUBLIC_URL="http://127.0.0.1",
            MONGO__URL=replica_set.url,
            MONGO__TIMEOUT_SECONDS="2",  # less than an election takes
            AUTH__SECRET="kQ3vX9mT2bL7nR4wZ8cJ5hF6pD1sG0yA",
            AUTH__BCRYPT_ROUNDS="10",
            LIMITS__ENABLED="true",
            LIMITS__STORAGE=request.param,
            LIMITS__WRITES="100000/minute",
        )

    one, other = free_ports(2)
    async with in_production(one), in_production(other):
        yield f"http://127.0.0.1:{one}", f"http://127.0.0.1:{other}"
    with replica_set.client() as client:
        client.drop_database("blogapi")


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def call(http, method, url, **options):
    """The status of an answer, and its JSON if it has any."""
    async with http.request(method, url, **options) as answer:
        return answer.status, await answer.json(content_type=None)


async def register(http, address):
    status, answer = await call(http, "POST", f"{address}/v1/auth/register", json=ACCOUNT)
    assert status == 201, answer


async def sign_in(http, address, mode="token"):
    wish = {"login": ACCOUNT["username"], "password": ACCOUNT["password"], "mode": mode}
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with http.post(f"{address}/v1/auth/login", json=wish, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        if mode == "token":
            return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], **headers}


def test_setting_up_again_changes_nothing(replica_set):
    with replica_set.client() as client:
        before = client.admin.command("replSetGetConfig")["config"]
        replica_set.set_up()
        assert client.admin.command("replSetGetConfig")["config"] == before


def test_app_may_use_its_own_database_only(replica_set):
    with MongoClient(replica_set.url) as client:
        client["blogapi"]["anything"].insert_one({})
        client["blogapi"]["anything"].drop()
        with pytest.raises(OperationFailure, match="not authorized"):
            client["other"]["anything"].insert_one({})


def run(command, settings):
    """A command, to its end."""
    program = [sys.executable, "-m", "blogapi", *command]
    return subprocess.run(program, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=LONG)


def test_command_whose_user_may_not_read_says_so_in_a_line(replica_set, tmp_path):
    ran = run(["doctor"], environment(tmp_path, MONGO__URL=replica_set.url, MONGO__DATABASE="other"))
    assert ran.returncode == 1
    assert ran.stderr.strip().splitlines()[-1].startswith("blogapi: The database refused it: not authorized on other")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", [["doctor"], ["serve", "--empty"]], ids=" ".join)
def test_wrong_password_is_for_people_to_change(replica_set, tmp_path, command):
    url = replica_set.url.replace(SECRETS["MONGO_PASSWORD"], "Tr0ub4dor")
    ran = run(command, environment(tmp_path, MONGO__URL=url))
    assert ran.returncode == 78, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Tr0ub4dor" not in ran.stdout + ran.stderr
    (told,) = [line for line in ran.stderr.splitlines() if line.startswith("blogapi: ")]
    assert told.startswith("blogapi: mongo.url: MongoDB refuses us. Correct the URL. (Authentication failed")


@pytest.mark.parametrize("command", [["doctor"], ["serve", "--empty"]], ids=" ".join)
def test_primary_that_is_away_too_long_is_for_another_try(replica_set, tmp_path, command):
    primary, (other, _) = replica_set.roles()
    replica_set.kill(primary, other)
    patience = {"SERVER__START_PATIENCE_SECONDS": "3", "MONGO__TIMEOUT_SECONDS": "1"}
    ran = run(command, environment(tmp_path, MONGO__URL=replica_set.url, **patience))
    assert ran.returncode == 75, ran.stderr
    assert "Traceback" not in ran.stderr
    (told,) = [line for line in ran.stderr.splitlines() if line.startswith("blogapi: ")]
    assert told.startswith("blogapi: mongo.url: no MongoDB primary answers there.")


async def test_server_that_starts_without_a_primary_serves_when_there_is_one(replica_set, tmp_path):
    primary, (other, _) = replica_set.roles()
    replica_set.kill(primary, other)
    settings = environment(tmp_path, MONGO__URL=replica_set.url, MONGO__TIMEOUT_SECONDS="1")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blogapi", "serve", "--empty"),
        env={**settings, "BLOGAPI_SERVER__START_PATIENCE_SECONDS": "600"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert b"waiting up to" in await asyncio.wait_for(process.stderr.readline(), LONG)
        replica_set.start()
        assert b"blogapi" in await asyncio.wait_for(process.stdout.readline(), LONG)
    finally:
        process.terminate()
        await process.communicate()


async def test_write_that_no_majority_has_yet_is_told_to_who_begins_to_follow(replica_set):
    """Readers do not see it yet, so an answer that is kept now has to be evicted when they do."""
    told, rex = set(), new_id()  # both setups may share the replica set

    class Listener(Cache):
        def written(self, write):
            told.add(write.id)

    public = {"pets": PublicPart(fields=frozenset({"name"}), projection={}, place_of=lambda pet: FoundBy(()))}
    client, listener = connect(replica_set.url, timeout_seconds=5, pool_size=2), Listener(public, 1 << 20)
    _, others = replica_set.roles()
    replica_set.fetch(STOPPED, *others)
    try:
        with replica_set.client() as unsafe:
            unsafe["blogapi"].get_collection("pets", write_concern=WriteConcern(1)).insert_one({"_id": rex})
        async with running(follow(client["blogapi"], public, listener)):
            await eventually(lambda: listener.is_fresh)
            assert not told
            replica_set.fetch(RUNNING, *others)
            await eventually(lambda: told == {rex})
    finally:
        replica_set.fetch(RUNNING, *others)
        await client.close()


async def test_nothing_is_fresh_when_the_primary_is_cut_off_from_the_others(replica_set):
    """It steps down and goes on to answer, and knows nothing of what a new one may be told."""
    listener = Cache({}, 1 << 20)
    client = connect(replica_set.url, timeout_seconds=5, pool_size=2)
    primary, others = replica_set.roles()
    async with running(follow(client["blogapi"], {}, listener)):
        await eventually(lambda: listener.is_fresh)
        replica_set.signal(signal.SIGSTOP, *others)
        try:
            with replica_set.client(primary) as alone:
                until(lambda: not alone.admin.command("hello")["isWritablePrimary"])
            await eventually(lambda: not listener.is_fresh)
        finally:
            replica_set.signal(signal.SIGCONT, *others)
        await eventually(lambda: listener.is_fresh)
    await client.close()


@pytest.mark.parametrize("production", ["mongodb"], indirect=True)
async def test_session_is_one_on_all_processes(http, production):
    one, other = production
    await register(http, one)
    for mode in ("token", "cookie"):  # two servers take longer to start than all the rest
        credential = await sign_in(http, one, mode)
        assert (await call(http, "GET", f"{other}/v1/me", headers=credential))[0] == 200, mode
        assert (await call(http, "POST", f"{other}/v1/auth/logout", headers=credential))[0] == 204, mode
        assert (await call(http, "GET", f"{one}/v1/me", headers=credential))[0] == 401, mode


@pytest.mark.parametrize("production", ["memory"], indirect=True)  # or the counters alone would stop every write
@pytest.mark.parametrize("was_alone", [False, True])
async def test_no_acknowledged_write_is_lost_with_the_primary(http, production, replica_set, was_alone):
    """What is not on a majority is answered with 503, which leaves open whether it happened."""
    await register(http, production[0])
    credential = await sign_in(http, production[0])
    written, refused = {}, set()
    some, stuck, dead, enough = (asyncio.Event() for _ in range(4))

    async def write(writer, address):
        for number in count():
            title = f"Post {number} of writer {writer}"
            status, answer = await call(http, "POST", f"{address}/v1/posts", json={"title": title}, headers=credential)
            if status == 201:
                written[title] = answer["id"]
            else:
                assert (status, answer["code"]) == (503, "unavailable"), answer
                refused.add(title)
                stuck.set()
            if len(written) >= 40:
                some.set()
            if dead.is_set() and refused and len(written) >= 120:
                enough.set()
            if enough.is_set():
                return

    async with asyncio.timeout(LONG), asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(write(writer, production[writer % 2]))
        await some.wait()
        primary, others = replica_set.roles()
        try:
            if was_alone:
                replica_set.fetch(STOPPED, *others)
                await stuck.wait()
            replica_set.kill(primary)
        finally:
            replica_set.fetch(RUNNING, *others)
        dead.set()

    kept = await my_posts(http, production[1], credential)
    assert len(kept) == len(dict(kept))
    assert dict(kept).items() >= written.items()
    assert dict(kept).keys() <= written.keys() | refused


async def my_posts(http, address, credential):
    """All of them, page by page, so that what was written twice shows twice."""
    found, url = [], f"{address}/v1/me/posts?fields=title&limit=100"
    cursor = ""
    while cursor is not None:
        status, answer = await call(http, "GET", url + cursor, headers=credential)
        if status == 503:  # the election is not over
            continue
        assert status == 200, answer
        found += [(post["title"], post["id"]) for post in answer["items"]]
        cursor = answer["page"]["next"] and f"&cursor={answer['page']['next']}"
    return sorted(found)
