"""The plain pages behind links in mails."""

import base64
import hashlib
import json
import re
from html import unescape

import pytest

from blogapi.translation.sentence import LANGUAGES

PAGES = {
    "/verify-email": "/v1/auth/email/verify",
    "/reset-password": "/v1/auth/password/reset",
    "/accept-invitation": "/v1/auth/register",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
async def test_page_is_in_the_language_of_its_reader(client, path, language):
    response = await client.get(f"{path}?token=x", headers={"Accept-Language": f"nl, {language};q=0.5"})
    assert response.status == 200
    html = await response.text()
    assert f'<html lang="{language}"' in html
    assert json.loads(unescape(re.search(r'data-says="(.*?)"', html)[1]))["path"] == PAGES[path]
    # Every place of the template is filled.
    assert not re.search(r"\{[a-z]+\}", re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL))


@pytest.mark.parametrize("path", PAGES)
async def test_page_runs_its_own_script_and_no_other(client, path):
    response = await client.get(f"{path}?token=<script>alert(1)</script>")
    html, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert "alert" not in html
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_opening_a_page_spends_nothing(client, inbox):
    new = {"username": "grace", "email": "grace@example.org", "password": "correct horse battery"}
    await client.post("/v1/auth/register", json=new)
    code = await inbox.code("grace@example.org")
    await client.get(f"/verify-email?token={code}")
    assert (await client.post("/v1/auth/email/verify", json={"token": code})).status == 200
