"""`serve --reload`: what a developer changes is served, and a mistake stops nothing."""

import asyncio
import importlib.util
import os
import re
import shutil
import sys
from contextlib import asynccontextmanager

import pytest

from blogapi import __version__
from blogapi.serving.launcher import PACKAGES
from tests.conftest import until
from tests.servers import LONG, ROOT, environment, raw

pytestmark = [pytest.mark.mongod, pytest.mark.any_driver]
HEALTH = "operations/handlers.py"
PAGE = "openapi/static/page.html"


class Developed:
    """A server of a copy of the package, with what it has printed."""

    def __init__(self, folder, process):
        self.folder, self.process, self.printed = folder, process, ""
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        while chunk := await self.process.stdout.read(65536):
            self.printed += chunk.decode()

    @property
    def address(self):
        return re.search(r"http://[a-z0-9.]+:[0-9]+", self.printed)[0]

    def write(self, name, old, new):
        """Save a file of the package with something else in it."""
        file = self.folder / "blogapi" / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")

    async def answer(self, path):
        async with raw(self.address) as connection:
            await connection.write(f"GET {path} HTTP/1.1\r\nHost: blog\r\nConnection: close\r\n\r\n".encode())
            return await connection.rest()

    async def answers(self, path, text):
        """Wait until it does, and answers with that."""

        async def does():
            answer = await self.answer(path)
            assert " 200 " in answer or text not in answer
            return text in answer

        await until(does)

    async def next_spare(self, number):
        """The process of the spare worker that is ready then, the first, second and so on."""
        told = re.compile(r"a spare worker is ready, process (\d+)\n")
        await until(lambda: len(told.findall(self.printed)) == number)
        return told.findall(self.printed)[-1]

    async def says(self, text):
        await until(lambda: text in self.printed)


@asynccontextmanager
async def developing(folder, *arguments, **settings):
    """`serve --reload` of a copy of the package."""
    shutil.copytree(ROOT / "blogapi", folder / "blogapi", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config.yaml").write_text("log: {level: warning, format: text}\n")
    command = ["--config", str(folder / "config.yaml"), "serve", "--empty", "--reload", *arguments]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "blogapi", *command),
        env={**environment(folder / "mongo", [folder], **settings), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    served = Developed(folder, process)
    try:
        await until(lambda: "Logs" in served.printed or process.returncode is not None)
        yield served
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), LONG)


async def test_changes_are_served_and_mistakes_are_shown_and_survived(tmp_path):
    async with developing(tmp_path) as served:
        assert '"status":"ok"' in await served.answer("/healthz")
        database = re.findall(r"^Database.*$", served.printed, re.MULTILINE)

        served.write("operations/health.py", '_OK, _FAILED, _ASIDE = "ok",', '_OK, _FAILED, _ASIDE = "very well",')
        await served.says("changed: blogapi/operations/health.py\n")
        await served.answers("/healthz", '"status":"very well"')

        served.write("operations/health.py", "def _not_ready(", "def _not_ready((")
        await served.says("SyntaxError")
        await served.says("not reloaded, the old workers go on")
        await served.answers("/healthz", '"status":"very well"')

        served.write("operations/health.py", "def _not_ready((", "def _not_ready(")
        served.write("operations/health.py", '"very well"', '"better"')
        await served.answers("/healthz", '"status":"better"')
        assert served.printed.count("Database") == len(database) == 1
        assert "watchfiles" not in served.printed

        # As editors do: a new file in the place of the old one.
        config = tmp_path / "config.yaml"
        (tmp_path / "draft").write_text(
            "log: {level: warning, format: json}\nserver: {public_url: 'http://front.example'}\n"
        )
        (tmp_path / "draft").rename(config)
        await served.says("changed: config.yaml\n")
        await served.answers("/openapi.json", "http://front.example")

        (tmp_path / ".env").write_text("BLOGAPI_REGISTRATION__MODE=nonsense\n")
        await served.says("changed: .env\n")
        await served.says("registration.mode")
        await served.answers("/openapi.json", "http://front.example")


async def test_spare_process_takes_over_with_the_code_as_it_is_then(tmp_path):
    async with developing(tmp_path, LOG__LEVEL="debug") as served:
        spare = await served.next_spare(1)
        served.write("operations/health.py", '_OK, _FAILED, _ASIDE = "ok",', '_OK, _FAILED, _ASIDE = "very well",')
        await served.answers("/healthz", '"status":"very well"')
        await served.says(f"worker 1 serves, process {spare}\n")

        # What the spare process has imported long before.
        spare = await served.next_spare(2)
        served.write("__init__.py", __version__, "47.11")
        await served.answers("/openapi.json", '"version":"47.11"')
        await served.says(f"worker 1 serves, process {spare}\n")
        last = await served.next_spare(3)
    with pytest.raises(ProcessLookupError):
        os.kill(int(last), 0)


def test_what_the_spare_process_imports_is_there():
    assert [name for name in PACKAGES if importlib.util.find_spec(name) is None] == []


async def test_what_is_no_code_changes_nothing(tmp_path):
    async with developing(tmp_path) as served:
        (tmp_path / "blogapi" / "notes.orig").write_text("a draft")
        (tmp_path / "blogapi" / "posts" / "__pycache__").mkdir()
        (tmp_path / "blogapi" / "posts" / "__pycache__" / "x.py").write_text("")
        (tmp_path / "other.yaml").write_text("a: 1")
        served.write("operations/health.py", '_OK, _FAILED, _ASIDE = "ok",', '_OK, _FAILED, _ASIDE = "fine",')
        await served.answers("/healthz", '"status":"fine"')
        assert re.findall(r"changed: (.*)", served.printed) == ["blogapi/operations/health.py"]


async def test_templates_count_as_code(tmp_path):
    async with developing(tmp_path) as served:
        (page, *_) = sorted((tmp_path / "blogapi").rglob("*.css"))
        page.write_text(page.read_text("utf-8") + "\n/* another look */\n", "utf-8")
        await served.says(f"changed: {page.relative_to(tmp_path)}\n")


async def test_production_refuses_it(tmp_path):
    strong = {"AUTH__SECRET": "n3vX_w8KqLzR5tBdYh2mPc7JsGf4Tr0ub4dorQx1", "AUTH__BCRYPT_ROUNDS": "10"}
    url = {"MONGO__URL": "mongodb://127.0.0.1:1/?replicaSet=rs0"}
    async with developing(tmp_path, ENVIRONMENT="production", **strong, **url) as served:
        assert served.process.returncode == 78
        assert served.printed == (
            "blogapi: serve --reload: is for development. In production SIGHUP replaces the workers.\n"
        )


async def test_missing_package_is_named(tmp_path):
    (tmp_path / "watchfiles.py").write_text("raise ImportError\n")
    async with developing(tmp_path) as served:
        assert served.process.returncode == 78
        assert "needs the package watchfiles. Install it: pip install 'blogapi[reload]'" in served.printed
        assert served.printed.count("\n") == 1
