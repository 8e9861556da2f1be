"""Mails as their readers find them: the files that a server without `mail.url` writes."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_EVERY_SECONDS = 0.05
_LINK = re.compile(r"^http\S+/([a-z-]+)\?token=(\S+?)\r?$", re.MULTILINE)


class NoMail(Exception):
    """A mail that was to come did not. The message says which."""


class Mailbox:
    """The mails to everybody, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._known = folder, set[str]()
        self._unread: defaultdict[str, list[EmailMessage]] = defaultdict(list)

    async def code(self, address: str, page: str, patience_seconds: float) -> str:
        """The code of the oldest unread mail to this address with a link to this page. Raises NoMail."""
        end = time.monotonic() + patience_seconds
        while True:
            for mail in list(self._mails(address)):
                if (found := _LINK.search(_text(mail))) and found[1] == page:
                    self._mails(address).remove(mail)
                    return found[2]
            await _pause(end, f"{address}: no mail with a link to {page}")

    async def subject(self, address: str, part: str, patience_seconds: float) -> str:
        """The subject of the oldest unread mail to this address that has this part in it. Raises NoMail."""
        end = time.monotonic() + patience_seconds
        while True:
            for mail in list(self._mails(address)):
                if part in mail["Subject"].lower():
                    self._mails(address).remove(mail)
                    return str(mail["Subject"])
            await _pause(end, f"{address}: no mail about {part!r}")

    def _mails(self, address: str) -> list[EmailMessage]:
        for file in sorted(self._folder.glob("*.eml")):
            if file.name not in self._known:
                self._known.add(file.name)
                mail = message_from_bytes(file.read_bytes(), policy=default)
                self._unread[str(mail["To"]).lower()].append(mail)
        return self._unread[address.lower()]


async def _pause(end: float, what: str) -> None:
    if time.monotonic() > end:
        raise NoMail(what)
    await asyncio.sleep(_EVERY_SECONDS)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())
