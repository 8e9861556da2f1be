"""Mails on their way to a real mail server: it refuses, is slow, dies, and no mail is lost."""

import asyncio
import logging
from dataclasses import replace

import pytest

from blogapi.mail.model import PATIENCE
from blogapi.mail.transport import SmtpTransport
from tests.mail.servers import CERTIFICATE, Postbox, html_of, knows, mail_server, text_of, tls


async def test_queued_mail_reaches_the_server(mail, postbox, greeting):
    await mail.queue(first := greeting())
    assert await mail.deliver() == 1
    (arrived,), (envelope,) = postbox.mails, postbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@localhost", ["ada@example.org"])
    assert (arrived["To"], arrived["Subject"]) == (
        "ada@example.org",
        "The password of your account on localhost:8080 was changed",
    )
    assert arrived["Message-ID"] == f"<{first.id}@localhost>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert "The account ada on localhost:8080" in text_of(arrived)
    assert "<p>The account ada on localhost:8080" in html_of(arrived)


async def test_mail_that_is_queued_again_is_sent_once(mail, postbox, greeting):
    first = greeting()
    await mail.queue(first)
    assert await mail.deliver() == 1
    await mail.queue(first)
    assert await mail.deliver() == 0
    assert len(postbox.mails) == 1


async def test_mail_to_nobody_is_dropped(mail, postbox, greeting):
    await mail.queue(greeting("nobody"), greeting())
    assert await mail.deliver() == 1
    assert (len(postbox.mails), mail.outcomes["dropped",]) == (1, 1)


async def test_letter_to_no_address_is_not_sent(mail, postbox, greeting):
    await mail.queue(greeting(""), greeting())
    assert await mail.deliver() == 1
    assert (len(postbox.mails), mail.outcomes["dropped",]) == (1, 1)


@pytest.mark.parametrize("stage", ["to_recipient", "to_data"])
async def test_mail_that_is_refused_for_now_goes_later(mail, postbox, greeting, clock, stage):
    setattr(postbox, stage, "451 Greylisted")
    await mail.queue(first := greeting())
    assert await mail.deliver() == 0
    setattr(postbox, stage, "250 OK")
    assert await mail.deliver() == 0  # not at once
    clock.forward(minutes=1)
    assert await mail.deliver() == 1
    assert postbox.ids == [f"<{first.id}@localhost>"]


@pytest.mark.parametrize("stage", ["to_recipient", "to_data"])
async def test_mail_that_is_refused_for_good_is_given_up_at_once(
    mail, postbox, greeting, clock, database, caplog, stage
):
    setattr(postbox, stage, "550 No ada@example.org here")
    await mail.queue(first := greeting())
    await mail.deliver()
    assert mail.outcomes["refused",] == 1
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert line == f"mail {first.id} (greeting) was refused for good: 550"
    setattr(postbox, stage, "250 OK")
    clock.forward(days=1)
    assert await mail.deliver() == 0


async def test_one_refused_mail_does_not_stop_the_others(mail, postbox, greeting):
    await mail.queue(greeting(kind="failure"), greeting(kind="of tomorrow"), greeting())
    assert await mail.deliver() == 1


@pytest.mark.parametrize(
    "injected",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada\nBcc: eve@example.org",
        "=?utf-8?q?ada=0d=0aBcc=3aeve=40example.org?=@example.org",
        "=?utf-8?b?YWRhDQpCY2M6IGV2ZUBleGFtcGxlLm9yZw0KDQpIZWxsbw==?=@example.org",
        "=?utf-8?q?eve=40example.org=2c?=@example.org",
    ],
)
async def test_address_cannot_add_a_header(mail, postbox, greeting, injected):
    await mail.queue(greeting(injected))
    assert await mail.deliver() == 0
    assert (postbox.mails, mail.outcomes["refused",]) == ([], 1)


async def test_address_is_one_recipient(mail, postbox, greeting):
    await mail.queue(greeting("ada@example.org, eve@example.org"))
    await mail.deliver()
    assert all(len(envelope.rcpt_tos) == 1 for envelope in postbox.envelopes)
    assert not any("eve@example.org" in envelope.rcpt_tos for envelope in postbox.envelopes)


async def test_to_whom_a_mail_went_is_forgotten(mail, greeting, database):
    await mail.queue(greeting())
    assert "ada@example.org" in str(await database["mails"].find_one({}))
    await mail.deliver()
    assert "ada" not in str(await database["mails"].find_one({}))


async def test_dead_server_is_tried_for_a_day(mail_of, postbox, greeting, clock, caplog):
    mail = mail_of("smtp://127.0.0.1:9")
    await mail.queue(first := greeting(), greeting())
    attempts = 0
    while clock() - clock.start < 2 * PATIENCE:
        assert await mail.deliver() == 0
        attempts += 1
        clock.forward(minutes=10)
    assert mail.outcomes["given_up",] == 2
    # It pauses longer and longer.
    assert 10 < mail.outcomes["put_off",] / 2 < 40
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert sum(f"mail {first.id} (greeting) was given up after" in line for line in lines) == 1


async def test_mail_goes_when_the_server_is_back(mail_of, postbox, greeting, clock):
    late = Postbox()
    async with mail_server(late):
        pass
    mail = mail_of(f"smtp://127.0.0.1:{late.port}")
    await mail.queue(greeting())
    for _ in range(20):
        await mail.deliver()
        clock.forward(hours=1)
    async with mail_server(late, port=late.port):
        clock.forward(hours=2)
        assert await mail.deliver() == 1


async def test_slow_server_is_left_and_asked_again(mail, postbox, greeting, clock):
    mail._transport = replace(mail._transport, seconds=0.2)
    postbox.may_answer.clear()
    await mail.queue(greeting())
    assert await mail.deliver() == 0
    postbox.may_answer.set()
    clock.forward(minutes=1)
    assert await mail.deliver() == 1
    # It had taken the first one, too: the receiver knows the second by its Message-ID.
    assert len(postbox.ids) == 2
    assert len(set(postbox.ids)) == 1


async def test_server_that_dies_with_the_mail_in_its_hands_gets_it_again(mail, postbox, greeting, clock):
    postbox.to_data = "death"
    await mail.queue(greeting())
    assert await mail.deliver() == 0
    postbox.to_data = "250 OK"
    clock.forward(minutes=1)
    assert await mail.deliver() == 1


async def test_process_that_dies_leaves_its_mail_to_another(mail, postbox, greeting, mail_of, clock):
    postbox.may_answer.clear()
    await mail.queue(greeting())
    dying = asyncio.create_task(mail.deliver())
    await postbox.arriving.wait()
    dying.cancel()
    await asyncio.wait([dying])
    postbox.may_answer.set()
    other = mail_of(f"smtp://127.0.0.1:{postbox.port}")
    assert await other.deliver() == 0  # it cannot know
    clock.forward(minutes=1)
    assert await other.deliver() == 1
    assert len(set(postbox.ids)) == 1


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_each_mail_is_sent_by_one_of_many_processes(mail_of, postbox, greeting):
    processes = [mail_of(f"smtp://127.0.0.1:{postbox.port}") for _ in range(8)]
    await processes[0].queue(*(greeting(f"reader{n}@example.org") for n in range(64)))
    sent = await asyncio.gather(*(each.deliver() for each in processes))
    assert sum(sent) == 64
    assert len(postbox.ids) == len(set(postbox.ids)) == 64


async def test_domain_is_sent_as_servers_know_it(mail, postbox, greeting):
    await mail.queue(greeting("Änne@bücher.example"))
    assert await mail.deliver() == 1
    assert postbox.envelopes[0].rcpt_tos == ["Änne@xn--bcher-kva.example"]


# TLS and passwords


async def test_starttls_is_used_where_it_is_offered(mail_of, greeting):
    async with mail_server(Postbox(), tls_context=tls(), require_starttls=True) as postbox:
        mail = mail_of(f"smtp://127.0.0.1:{postbox.port}")
        await mail.queue(greeting())
        assert await mail.deliver() == 1


@pytest.mark.parametrize("options", [{}, {"tls_context": tls()}], ids=["not offered", "nobody vouches for it"])
async def test_nothing_is_sent_without_the_tls_that_is_required(mail_of, greeting, options):
    async with mail_server(Postbox(), **options) as postbox:
        mail = mail_of(f"smtp://127.0.0.1:{postbox.port}?starttls=required")
        await mail.queue(greeting())
        assert await mail.deliver() == 0
        assert (postbox.mails, mail.outcomes["put_off",]) == ([], 1)


async def test_certificate_of_smtps_is_checked(mail_of, greeting):
    async with mail_server(Postbox(), use_tls=True) as postbox:
        mail = mail_of(f"smtps://127.0.0.1:{postbox.port}")
        await mail.queue(greeting())
        assert await mail.deliver() == 0
        assert (postbox.mails, mail.outcomes["put_off",]) == ([], 1)


async def test_smtps_is_spoken_where_the_certificate_is_good(mail_of, greeting, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with mail_server(Postbox(), use_tls=True) as postbox:
        mail = mail_of(f"smtps://127.0.0.1:{postbox.port}")
        await mail.queue(greeting())
        assert await mail.deliver() == 1


@pytest.mark.parametrize(("password", "sent"), [("p@ss/word", 1), ("wrong", 0)])
async def test_password_is_shown_and_a_wrong_one_loses_no_mail(mail_of, greeting, password, sent, caplog):
    options = {"tls_context": tls(), "auth_required": True, "authenticator": knows("blog", "p@ss/word")}
    async with mail_server(Postbox(), **options) as postbox:
        mail = mail_of(f"smtp://blog:{password.replace('@', '%40').replace('/', '%2F')}@127.0.0.1:{postbox.port}")
        await mail.queue(greeting())
        assert await mail.deliver() == sent
        assert mail.outcomes["put_off",] == 1 - sent
        assert password not in caplog.text


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "starttls"),
    [
        ("smtp://mail.example.org", 25, False, "required"),
        ("smtp://blog:x@mail.example.org", 587, False, "required"),
        ("smtp://mail.example.org:2525?starttls=offered", 2525, False, "offered"),
        ("smtp://localhost:1025", 1025, False, "offered"),
        ("smtp://[::1]:1025?starttls=never", 1025, False, "never"),
        ("smtps://mail.example.org", 465, True, "required"),
    ],
)
def test_address_of_a_server_says_how_to_speak_to_it(url, port, use_tls, starttls):
    transport = SmtpTransport.at(url, 10)
    assert (transport.port, transport.use_tls, transport.starttls) == (port, use_tls, starttls)


# Without a server


async def test_development_writes_files_and_says_where(mail_of, greeting, config, caplog):
    caplog.set_level(logging.INFO, "blogapi.mail")
    mail = mail_of()
    await mail.queue(first := greeting())
    assert await mail.deliver() == 1
    file = config.root / "var" / "mail" / f"{first.id}.eml"
    assert "To: ada@example.org" in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert [record.getMessage() for record in caplog.records] == [f"a mail lies in {file} (there is no mail.url)"]


async def test_production_without_a_server_queues_nothing(mail_of, greeting, database):
    mail = mail_of(environment="production")
    assert not mail.is_on
    await mail.queue(greeting())
    assert await mail.deliver() == 0
    assert await database["mails"].count_documents({}) == 0
