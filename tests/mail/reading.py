"""Reads mails as their readers do: from the files that development writes."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

from tests.conftest import until
from tests.mail.servers import text_of


class Inbox:
    """The folder of a server without `mail.url`."""

    def __init__(self, folder):
        self.folder, self._read = folder, set()

    def unread(self, to=None):
        """All that came since they were last read, for one address or for all."""
        files = [file for file in sorted(self.folder.glob("*.eml")) if file not in self._read]
        mails = {file: message_from_bytes(file.read_bytes(), policy=default) for file in files}
        return {file: mail for file, mail in mails.items() if to is None or mail["To"].lower() == to.lower()}

    async def next(self, to):
        """The next one to this address."""
        await until(lambda: self.unread(to), seconds=20)
        file, mail = next(iter(self.unread(to).items()))
        self._read.add(file)
        return mail

    async def code(self, to):
        """That of the link in the next one."""
        return code_in(await self.next(to))


def code_in(mail):
    return re.search(r"^http.*\?token=(\S+)\r?$", text_of(mail), re.MULTILINE)[1]
