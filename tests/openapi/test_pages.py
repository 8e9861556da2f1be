import re

import pytest
from mongomock_motor import AsyncMongoMockClient

from blogapi.db.client import Client
from blogapi.web.problems import PROBLEMS


@pytest.fixture
def database():
    """The pages do not depend on it."""
    return Client(AsyncMongoMockClient())["blogapi"]


def loaded_by(html):
    return re.findall(r'(?:src|href)="([^"#]+)"', html)


async def test_openapi_document_is_served_with_a_validator(client):
    response = await client.get("/openapi.json")
    assert response.status == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert (await response.json())["openapi"] == "3.1.0"


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/problems", "/docs/problems/stale"])
async def test_known_page_is_not_sent_again(client, path):
    known = (await client.get(path)).headers["ETag"]
    response = await client.get(path, headers={"If-None-Match": known})
    assert response.status == 304
    assert response.headers["ETag"] == known


@pytest.mark.parametrize("path", ["/docs", "/docs/problems", "/docs/problems/stale"])
async def test_page_has_no_script_of_its_own_and_a_strict_policy(client, path):
    response = await client.get(path)
    assert response.content_type == "text/html"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=", await response.text())


@pytest.mark.parametrize(("path", "status"), [("/", 302), ("/docs/", 308)])
async def test_who_looks_around_is_led_to_the_documentation(client, path, status):
    response = await client.get(path, allow_redirects=False)
    assert response.status == status
    assert response.headers["Location"] == "/docs"
    assert (await client.get(path)).content_type == "text/html"


async def test_strict_policy_elsewhere_allows_nothing(client):
    response = await client.get("/openapi.json")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/docs", "/docs/problems", "/docs/problems/stale"])
async def test_page_loads_only_what_this_server_has(client, path):
    links = loaded_by(await (await client.get(path)).text())
    assert links
    for link in links:
        assert (await client.get(link)).status == 200, link


async def test_assets_may_be_kept_for_ever(client):
    assets = [link for link in loaded_by(await (await client.get("/docs")).text()) if "/assets/" in link]
    answers = {link: await client.get(link) for link in assets}
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"public, max-age=31536000, immutable"}
    types = {
        re.sub(r"\.[0-9a-f]{12}", "", link.rpartition("/")[2]): each.content_type for link, each in answers.items()
    }
    scripts = {types.pop("swagger-ui-bundle.js"), types.pop("docs.js")}
    assert scripts <= {"text/javascript", "application/javascript"}
    assert types == {"docs.css": "text/css", "swagger-ui.css": "text/css", "favicon-32x32.png": "image/png"}


@pytest.mark.parametrize("name", ["swagger-ui.css", "..%2f__init__.py", "..%2fdocs.html", "swagger-editor.js"])
async def test_other_files_are_not_served(client, name):
    response = await client.get(f"/docs/assets/{name}")
    assert response.status == 404


@pytest.mark.parametrize("code", PROBLEMS)
async def test_every_problem_has_a_page(client, code):
    response = await client.get(f"/docs/problems/{code}")
    assert response.status == 200
    html = await response.text()
    assert f"<code>{code}</code>" in html
    assert f"status {PROBLEMS[code].status}" in html
    assert "`" not in html


async def test_problem_leads_to_its_page(client):
    problem = await (await client.get("/v1/tags/nothing")).json()
    assert (await client.get(problem["type"])).status == 200


async def test_unknown_problem_is_not_found(client):
    response = await client.get("/docs/problems/%3Cscript%3E")
    assert response.status == 404
    assert response.content_type == "application/problem+json"


async def test_all_problems_are_listed(client):
    html = await (await client.get("/docs/problems")).text()
    assert set(re.findall(r'href="/docs/problems/(\w+)"', html)) == set(PROBLEMS)


async def test_docs_take_no_address_of_another_document(client):
    response = await client.get("/docs?url=https://elsewhere.example/openapi.json")
    assert response.status == 400
