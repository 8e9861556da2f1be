from dataclasses import replace

import pytest

from blogapi.config import MailConfig
from blogapi.db.client import new_id
from blogapi.feature import Feature
from blogapi.features import FEATURES
from blogapi.mail.model import Letter, Mail
from blogapi.mail.service import MailService
from blogapi.wiring import build_services
from tests.auth.conftest import clock
from tests.mail.servers import Postbox, mail_server

__all__ = ["clock"]


class Greeter:
    """A service that writes mails."""

    async def greet(self, mail):
        return None if mail.to == "nobody" else Letter(**LETTER, to=mail.to, language=mail.language)

    async def fail(self, mail):
        raise RuntimeError("out of words")


LETTER = {"template": "password_changed", "facts": {"username": "ada"}}
GREETER = Feature(
    name="greeter",
    service=Greeter,
    build=lambda _: Greeter(),
    mails={"greeting": Greeter.greet, "failure": Greeter.fail},
)


@pytest.fixture
async def postbox():
    async with mail_server(Postbox()) as postbox:
        yield postbox


@pytest.fixture
def mail_of(config, database, clock):
    """The mail service of a process: `mail_of("smtp://127.0.0.1:2525")`; without an address it writes files."""

    def mail_of(url="", **changes):
        changed = replace(config, mail=MailConfig(url=url), **changes)
        return build_services(changed, database, (*FEATURES, GREETER), clock)[MailService]

    return mail_of


@pytest.fixture
def mail(mail_of, postbox):
    return mail_of(f"smtp://127.0.0.1:{postbox.port}")


@pytest.fixture
def greeting(clock):
    """A mail to be queued."""

    def greeting(to="ada@example.org", **more):
        return Mail(id=new_id(), to=to, created_at=clock(), **{"kind": "greeting", **more})

    return greeting
