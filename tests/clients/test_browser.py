"""What only a real browser can tell: that rendered texts do nothing, and that /docs works as a reader finds it."""

import json

import pytest

from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.text.rendering import render
from tests.openapi.test_document import document_of, operations
from tests.servers import ROOT
from tests.text.test_sanitizer import ADDRESSES, HTML, MARKDOWN_FRAMES

from .conftest import FOLDER, run, snippet

SCREEN = 800
MARKDOWN = [frame.replace("{}", address) for frame in MARKDOWN_FRAMES for address in ADDRESSES]
# Pictures are an author's right.
ALLOWED = {"image"}


async def in_browser(task, **wish):
    said = await run(
        *("node", FOLDER / "browser.mjs", task),
        sent=json.dumps(wish).encode(),
        seconds=600,
        TMPDIR=str(ROOT / "var" / "test-clients"),
    )
    return json.loads(said)


def page_of(pieces):
    return "<!doctype html><meta charset=utf-8><title>x</title>" + "".join(
        f"<article>{piece}</article>" for piece in pieces
    )


def what_happened(seen):
    return [
        *(f"script {script}" for page in seen for script in page["scripts"]),
        *(f"{kind} {url}" for page in seen for kind, url in page["requests"] if kind not in ALLOWED),
        *(attribute for page in seen for attribute in page["armed"]),
    ]


async def test_attacks_work_in_this_browser_when_they_are_not_sanitised():
    """Or the next test would prove nothing."""
    seen = await in_browser("load", pages=[page_of([attack]) for attack in HTML[:20]])
    assert sum(bool(page["scripts"]) for page in seen) >= 5
    assert {"script"} <= {kind for page in seen for kind, _ in page["requests"]}
    assert any(page["armed"] for page in seen)


@pytest.mark.parametrize(
    ("body_format", "attacks"), [("html", HTML), ("markdown", [*HTML, *MARKDOWN])], ids=["html", "markdown"]
)
async def test_rendered_attacks_run_no_script_and_ask_for_nothing(body_format, attacks):
    pieces = [render(attack, body_format).html for attack in attacks]
    pages = [page_of(pieces[start : start + 60]) for start in range(0, len(pieces), 60)]
    assert what_happened(await in_browser("load", pages=pages)) == []


# Their examples cannot succeed: a code stands in a mail or an app, the id of a session in a list of sessions, what a
# passkey signs comes from its authenticator, and there is no provider. Who erases an account has to send its present
# ETag.
UNKNOWABLE = {
    "operations-auth-start_provider_sign_in": 404,
    "operations-auth-return_from_provider": 404,
    "operations-auth-finish_provider_sign_in": 404,
    "operations-me-link_provider": 422,
    "operations-me-unlink_provider": 404,
    "operations-me-erase_me": 412,
    "operations-auth-verify_email": 422,
    "operations-auth-reset_password": 422,
    "operations-auth-end_session": 404,
    "operations-auth-finish_sign_in": 422,
    "operations-auth-confirm_totp": 422,
    "operations-auth-renew_recovery_codes": 409,
    "operations-preview-read_preview": 404,
    "operations-jobs-read_job": 404,
    "operations-invitations-read_invitation": 404,
    "operations-invitations-delete_invitation": 404,
    "operations-auth-register_passkey": 422,
    "operations-auth-read_passkey": 404,
    "operations-auth-rename_passkey": 404,
    "operations-auth-remove_passkey": 404,
    "operations-auth-sign_in_with_passkey": 401,
}


async def test_every_operation_can_be_tried_out_in_the_documentation(blog):
    found = await in_browser("docs", address=blog.address, password=blog.password)
    assert found["complaints"] == []
    assert found["foreign"] == []
    assert len(found["operations"]) == len(operations(document_of(routes_of(FEATURES))))
    assert {each["id"]: each["status"] for each in found["operations"] if not 200 <= each["status"] < 300} == UNKNOWABLE
    assert found["followed"]
    assert [link for link, status in found["followed"] if status != 200] == []
    assert {each["id"]: each["height"] for each in found["operations"] if each["height"] > 2 * SCREEN} == {}


# What the how-to leaves to the reader: the access token has expired.
LATER = """
tokens.access_token = "expired";
console.log(`refreshed: ${(await call("/v1/me")).status}`);
console.log("the end");
"""


async def test_javascript_of_the_how_to_runs_in_a_page_on_another_port(blog):
    program = snippet("js").replace("http://localhost:8080", blog.address) + LATER
    found = await in_browser("run", program=program)
    assert found["errors"] == []
    # The browser reports each answer of 400 and more by itself.
    said = [line for line in found["said"] if not line.startswith("Failed to load resource")]
    assert said[0].startswith("signed in with a cookie as ada")
    assert said[1:] == [
        "true, replayed: true",
        "changed by somebody else: slug, title",
        "published: Hello, everybody",
        "refreshed: 200",
    ]
