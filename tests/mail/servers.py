"""Mail servers, real ones, that behave as a test wishes."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult

from tests.servers import ROOT

CERTIFICATE = ROOT / "tests" / "data" / "mail" / "localhost.pem"


class Postbox:
    """What a server got, and what it says to the next mail: "250 OK" unless a test wishes otherwise."""

    def __init__(self):
        self.mails, self.envelopes, self.port = [], [], 0
        self.to_recipient = self.to_data = "250 OK"
        self.arriving, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    @property
    def ids(self):
        return [mail["Message-ID"] for mail in self.mails]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server, session, envelope):
        self.arriving.set()
        if self.to_data.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
            self.envelopes.append(envelope)
        await self.may_answer.wait()
        if self.to_data == "death":
            server.transport.abort()
        return self.to_data


def tls():
    """As a server shows it that nobody has vouched for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def knows(username, password):
    """Lets in who says this."""

    def authenticate(server, session, envelope, mechanism, data):
        known = (data.login, data.password) == (username.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return authenticate


@asynccontextmanager
async def mail_server(postbox, *, port=0, use_tls=False, **options):
    """A server that puts all into the postbox until the block ends."""
    loop = asyncio.get_running_loop()
    connections = set()

    class Protocol(SMTP):
        def connection_made(self, transport):
            connections.add(transport)
            super().connection_made(transport)

    server = await loop.create_server(
        lambda: Protocol(postbox, enable_SMTPUTF8=True, **options),
        "127.0.0.1",
        port,
        ssl=tls() if use_tls else None,
    )
    postbox.port = server.sockets[0].getsockname()[1]
    try:
        yield postbox
    finally:
        postbox.may_answer.set()
        server.close()
        for transport in connections:
            transport.abort()
        await server.wait_closed()


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def html_of(mail):
    return mail.get_body(("html",)).get_content()
