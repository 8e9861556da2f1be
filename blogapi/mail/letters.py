"""Writes letters: a template for each kind and language, in text and in HTML, and what mail servers want around them.

A template has two or three blocks: the `subject`, the `text` in paragraphs, which may be split by the link with its
`action`, and what comes `after` it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import idna
from markupsafe import Markup

from blogapi.mail.model import Letter

if TYPE_CHECKING:
    from jinja2 import Environment

# Of these, few values occur, and parsing them anew is half of what a letter costs.
_FEW = frozenset({"auto-submitted", "content-language", "content-transfer-encoding", "content-type", "mime-version"})


class _Headers(HeaderRegistry):
    """Parses headers, those that say the same in every letter once. Nothing changes a header that was parsed."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = lru_cache(maxsize=100)(super().__call__)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        if name.lower() in _FEW and isinstance(value, str):
            return self._kept(name, value)
        return super().__call__(name, value)


# Spelt as it is: a text is read in the file that development writes, too. Who carries it encodes it where needed.
_POLICY = SMTP.clone(max_line_length=990, header_factory=_Headers())
# How an encoded word begins (RFC 2047), which the standard library decodes in what is put into a header, too. A line
# break that is encoded in it would end the header, and what follows be headers and a text of whoever wrote it.
_ENCODED_WORD = "=?"


def _paragraphs(text: str) -> list[str]:
    """Each on one line, but for the line breaks within HTML that a reader would not see."""
    return [" ".join(each.split()) for each in re.split(r"\n\s*\n", text.strip()) if each.strip()]


def _in_html(text: Markup) -> Markup:
    # The blocks of a template have been escaped when they were rendered.
    return Markup("\n").join(Markup(f"<p>{each}</p>") for each in _paragraphs(str(text)))  # noqa: S704


def _in_text(text: str) -> str:
    return "\n\n".join(_paragraphs(text))


def _environment(*, html: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # slow to import, and most processes write no letter

    loader = PackageLoader("blogapi.mail", "templates")
    environment = Environment(loader=loader, autoescape=html, undefined=StrictUndefined, trim_blocks=True)  # noqa: S701
    environment.filters["paragraphs"] = _in_html if html else _in_text
    environment.globals["layout"] = "layout.html.j2" if html else "layout.txt.j2"
    return environment


@cache
def environments() -> tuple[Environment, Environment]:
    """For the text and for the HTML. Templates are read once for each process."""
    return _environment(html=False), _environment(html=True)


async def load() -> None:
    """Have the templates at hand, in a thread when they are first needed: that takes as long as hundreds of readers."""
    if not environments.cache_info().currsize:
        await asyncio.to_thread(environments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes in the name of this blog. `site` is what the blog is called, `sender` who writes."""

    site: str
    sender: str

    def write(self, letter: Letter, *, mail_id: str, at: datetime) -> EmailMessage:
        """The whole message. The `Message-ID` follows from the mail, so a second copy can be told.

        Raises ValueError for an address that no header can hold.
        """
        name, address = parseaddr(self.sender)
        facts = {**letter.facts, "site": self.site, "language": letter.language}
        text, html = environments()
        message = EmailMessage(policy=_POLICY)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = _recipient(letter.to)
        message["Subject"] = subject_of(text, letter, facts)
        message["Date"] = at
        message["Message-ID"] = f"<{mail_id}@{address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        name_of = f"{letter.language}/{letter.template}.j2"
        _set(message.set_content, text.get_template(name_of).render(facts).strip() + "\n")
        _set(message.add_alternative, html.get_template(name_of).render(facts), subtype="html")
        message["Content-Language"] = letter.language  # last: contents take away what was said of them before
        return message


def subject_of(environment: Environment, letter: Letter, facts: dict[str, Any]) -> str:
    """On one line, whatever is filled in, and the same in the header: nothing there is taken for an encoded word."""
    template = environment.get_template(f"{letter.language}/{letter.template}.j2")
    subject = " ".join("".join(template.blocks["subject"](template.new_context(facts))).split())
    return subject.replace(_ENCODED_WORD, "= ?")


def _set(put: Any, text: str, **more: Any) -> None:
    put(text, cte="7bit" if text.isascii() else "8bit", **more)


def _recipient(address: str) -> Address:
    """As mail servers know it: `ann@bücher.example` is `ann@xn--bcher-kva.example`. Raises ValueError."""
    local, _, domain = address.strip().rpartition("@")
    if _ENCODED_WORD in local:
        raise ValueError("an address that a header would hold as another one")
    return Address("", local, domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii"))


def link_of(base: str, page: str, token: str) -> str:
    """Where a link in a mail leads: to a page of the front end, or of ours. A token needs no escaping."""
    return f"{base}/{page}?token={token}"
