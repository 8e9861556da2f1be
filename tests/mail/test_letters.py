"""Every mail in every language."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from jinja2 import meta

from blogapi.features import FEATURES
from blogapi.mail.letters import Letters, environments
from blogapi.mail.model import Letter, language_of
from blogapi.translation.sentence import LANGUAGES
from tests.mail.servers import html_of, text_of

TEXT, _ = environments()
TEMPLATES = sorted({found[1] for name in TEXT.list_templates() if (found := re.fullmatch(r"\w+/(\w+)\.j2", name))})
LETTERS = Letters(site="blog.example", sender="Our blog <blog@example.org>")
FACTS = {
    "username": "ada",
    "hours": 24,
    "minutes": 60,
    "host": "Ida",
    "email": "ada@example.org",
    "days": 7,
    "left": 9,
    "day": "7",
    "at": "1/3",
    "device": "Firefox",
    "network": "203.0.113.0/24",
}
LINK = "https://blog.example/verify-email?token=0b1060000000000000000041.xxxx"
BLOCKS = {"subject", "text", "after"}


def written(template, language, **facts):
    letter = Letter(to="ada@example.org", language=language, template=template, facts={**FACTS, **facts})
    return LETTERS.write(letter, mail_id="0b1060000000000000000040", at=datetime.now(UTC))


def takes_link(template):
    return "action" in TEXT.get_template(f"en/{template}.j2").blocks


def test_there_is_a_template_for_each_kind_of_mail():
    assert {kind for feature in FEATURES for kind in feature.mails} <= set(TEMPLATES)


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_is_translated(template, language):
    original, translated = (TEXT.get_template(f"{each}/{template}.j2") for each in (LANGUAGES[0], language))
    assert translated.blocks.keys() == original.blocks.keys() >= BLOCKS
    sources = [TEXT.loader.get_source(TEXT, f"{each}/{template}.j2")[0] for each in (LANGUAGES[0], language)]
    variables = [meta.find_undeclared_variables(TEXT.parse(source)) for source in sources]
    assert variables[0] == variables[1]
    facts = {"link": LINK} if takes_link(template) else {}
    first, second = written(template, LANGUAGES[0], **facts), written(template, language, **facts)
    assert first["Subject"] != second["Subject"]
    paragraphs = [set(text_of(mail).split("\n\n")) for mail in (first, second)]
    # The link and the name of the blog are all that they have in common.
    assert {each for each in paragraphs[0] & paragraphs[1] if each.strip() not in (LINK, "-- \nblog.example")} == set()
    assert second["Content-Language"] == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [name for name in TEMPLATES if takes_link(name)])
def test_link_stands_in_both_parts_on_a_line_of_its_own(template, language):
    mail = written(template, language, link=LINK)
    assert LINK in text_of(mail).splitlines()
    assert f'href="{LINK}"' in html_of(mail)


def test_nothing_that_is_filled_in_becomes_html():
    mail = written("password_changed", "en", username="<b>ada</b>")
    assert "&lt;b&gt;ada&lt;/b&gt;" in html_of(mail)
    assert "<b>" not in html_of(mail)


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de", "de"), ("de-CH", "de"), ("FR", "fr"), ("es-419", "es"), ("nl", "en"), (None, "en"), ("", "en")],
)
def test_language_is_that_of_the_reader_as_far_as_we_write_it(tag, language):
    assert language_of(tag) == language


@pytest.mark.parametrize(
    "host",
    [
        "Ida\r\nBcc: eve@example.org",
        "=?utf-8?q?Ida=0d=0aBcc=3aeve=40example.org=0d=0a=0d=0aHello?=",
        "Ida =?utf-8?b?YQ0KQmNjOiBldmVAZXhhbXBsZS5vcmcNCg0KSGVsbG8=?= Lovelace",
        "=?=?utf-8?q?Ida=0d=0aBcc=3aeve=40example.org?=",
    ],
)
def test_name_adds_no_header(host):
    """Encoded words (RFC 2047) are decoded in what is put into a header, and may hold line breaks."""
    mail = written("invitation", "en", link=LINK, host=host)
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert read.keys() == written("invitation", "en", link=LINK).keys()
    assert "\n" not in str(read["Subject"])
    assert read.get_body(("plain",)) is not None
