import asyncio

from blogapi.jobs.runner import Runs, every, run_again_and_again
from blogapi.jobs.tasks import running
from tests.conftest import until


class Letterbox:
    def __init__(self):
        self.flag, self.emptied = asyncio.Event(), 0

    async def empty(self):
        self.emptied += 1
        return 1


async def test_job_comes_sooner_when_there_is_something_to_do(caplog):
    caplog.set_level("INFO", "blogapi.jobs")
    letterbox = Letterbox()
    job = every(3600, Letterbox.empty, done="letterboxes emptied", sooner=lambda box: box.flag)
    async with running(run_again_and_again(job, letterbox, Runs())):
        for count in range(1, 4):
            await until(lambda count=count: letterbox.emptied == count)
            letterbox.flag.set()
    assert "letterboxes emptied: 1" in caplog.messages
