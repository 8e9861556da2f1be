"""Problems are in the language that the reader asks for."""

import asyncio

import pytest

from blogapi.translation.catalogue import in_language
from blogapi.translation.sentence import LANGUAGES, say_many

SIGN_IN_FIRST = {
    "en": ("Not signed in", "Sign in first."),
    "de": ("Nicht angemeldet", "Melden Sie sich zuerst an."),
    "fr": ("Non connecté", "Connectez-vous d'abord."),
    "es": ("Sesión no iniciada", "Inicie sesión primero."),
}


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("fr-CA, en;q=0.8", "fr"),
        ("es-419;q=0.7,en;q=0.3", "es"),
        ("en-GB, de;q=0.9", "en"),
        ("de;q=0.2, fr;q=0.8", "fr"),
        ("DE-de", "de"),
        ("nl, sv;q=0.9, es;q=0.1", "es"),
        ("nl", "en"),
        ("*", "en"),
        ("en;q=0, *;q=0.5", "de"),
        ("de;q=0", "en"),
        ("", "en"),
        (";;;q=,,=", "en"),
        ("de;q=high", "de"),
        ("x" * 7000 + ", de", "en"),
        ("de, " * 1000, "de"),
        ("d\xe9, \U0001f1e9\U0001f1ea", "en"),
    ],
)
async def test_problem_is_in_the_language_that_is_read_best(client, accepted, language):
    response = await client.get("/v1/me", headers={"Accept-Language": accepted})
    assert response.status == 401
    problem = await response.json()
    assert (problem["title"], problem["detail"]) == SIGN_IN_FIRST[language]
    assert response.headers["Content-Language"] == language


async def test_many_who_ask_at_once_are_all_answered(client):
    answers = await asyncio.gather(*(client.get("/v1/me", headers={"Accept-Language": "es"}) for _ in range(32)))
    assert {(await answer.json())["detail"] for answer in answers} == {SIGN_IN_FIRST["es"][1]}


async def test_two_headers_are_one_list(client):
    headers = [("Accept-Language", "nl, en;q=0.1"), ("Accept-Language", "fr;q=0.5")]
    response = await client.get("/v1/me", headers=headers)
    assert response.headers["Content-Language"] == "fr"


async def test_without_a_wish_it_is_english(client):
    response = await client.get("/v1/me")
    problem = await response.json()
    assert (problem["title"], problem["detail"]) == SIGN_IN_FIRST["en"]
    assert response.headers["Content-Language"] == "en"


@pytest.mark.parametrize("headers", [{}, {"Accept-Language": "de"}])
async def test_problem_says_that_it_differs_by_language(client, headers):
    response = await client.get("/v1/nothing", headers=headers)
    assert {"Origin", "Accept-Language"} <= set(response.headers["Vary"].split(", "))


@pytest.mark.parametrize("language", LANGUAGES[1:])
async def test_names_of_roles_stay(client, sign_up, language):
    reader = await sign_up("rita", role="reader")
    response = await client.post("/v1/posts", json={}, headers={**reader.headers, "Accept-Language": language})
    assert response.status == 403
    assert "contributor" in (await response.json())["detail"]


def without_texts(problem):
    """What programs go by."""
    return {
        **{name: value for name, value in problem.items() if name not in ("title", "detail", "request_id", "errors")},
        "errors": [
            {name: value for name, value in each.items() if name != "detail"} for each in problem.get("errors", [])
        ],
    }


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/v1/posts", {"title": "x" * 201, "tags": ["A tag"], "seo": {"noindex": 1}, "wrong": None}),
        ("POST", "/v1/posts", {"body": "\0", "authors": [], "cover": [], "custom": {"A": 1}, "slug": "admin"}),
        ("POST", "/v1/posts", [{}]),
        ("POST", "/v1/posts/{id}/publish", {"revision": "2"}),
        ("GET", "/v1/posts?limit=1000&sort=password&published_at[gte]=2024-01-01T00:00:00+02:00", None),
        ("GET", "/v1/posts?limitt=1", None),
        ("GET", "/v1/me/posts?status=unknown", None),
        ("DELETE", "/v1/posts/{id}", None),
        ("GET", "/v1/users?view=admin", None),
        ("GET", "/v1/posts/by-slug/nothing", None),
        ("PUT", "/v1/posts", None),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES[1:])
async def test_only_texts_are_translated(client, ada, draft_of_ada, method, path, sent, language):
    answers = []
    for wish in ("en", language):
        headers = {**ada.headers, "Accept-Language": wish}
        address = path.format(id=draft_of_ada["id"])
        response = await client.request(method, address, json=sent, headers=headers, allow_redirects=False)
        answers.append((response.status, await response.json(), dict(response.headers)))
    (status, english, _), (same, translated, headers) = answers
    assert status == same >= 400
    assert without_texts(english) == without_texts(translated)
    assert headers["Content-Language"] == language
    texts = [(english["title"], translated["title"]), (english["detail"], translated["detail"])]
    texts += (
        [(a["detail"], b["detail"]) for a, b in zip(english["errors"], translated["errors"], strict=True)]
        if "errors" in english
        else []
    )
    assert [pair for pair in texts if pair[0] == pair[1]] == []


@pytest.fixture
async def draft_of_ada(write, ada):
    return await write(ada)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "At most 2,000 characters."),
        ("de", "Höchstens 2.000 Zeichen."),
        ("fr", "2\u202f000 caractères au plus."),
        ("es", "Como máximo 2.000 caracteres."),
    ],
)
async def test_numbers_are_written_as_the_language_does(client, ada, language, text):
    headers = {**ada.headers, "Accept-Language": language}
    response = await client.post(
        "/v1/posts", json={"seo": {"canonical_url": "https://a.example/" + "x" * 2000}}, headers=headers
    )
    [wrong] = (await response.json())["errors"]
    assert (wrong["detail"], wrong["params"]) == (text, {"max": 2000})


PLURALS = [
    ("en", 0, "At most 0 items."),
    ("en", 1, "At most 1 item."),
    ("en", 2, "At most 2 items."),
    ("de", 0, "Höchstens 0 Elemente."),
    ("de", 1, "Höchstens 1 Element."),
    ("de", 5000, "Höchstens 5.000 Elemente."),
    ("fr", 0, "0 élément au plus."),
    ("fr", 1, "1 élément au plus."),
    ("fr", 2, "2 éléments au plus."),
    ("es", 1, "Como máximo 1 elemento."),
    ("es", 12, "Como máximo 12 elementos."),
]


@pytest.mark.parametrize(("language", "count", "text"), PLURALS)
def test_plurals_are_those_of_the_language(language, count, text):
    message = say_many("At most {count:,} item.", "At most {count:,} items.", count)
    assert in_language(message, language) == text


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("sent", "texts"),
    [
        (b"[1,]", ("Expecting value: line 1 column 4 (char 3)", "Wert erwartet: Zeile 1, Spalte 4 (Zeichen 3)")),
        (b'{"a": 1, "a": 2}', ("a key is there twice", "ein Schlüssel kommt zweimal vor")),
        (b"[NaN]", ("NaN is not JSON", "NaN ist kein JSON")),
        (b"\xff", ("it is not UTF-8", "es ist kein UTF-8")),
        (b"[" * 21_000, ("more than 20,000 arrays and objects", "mehr als 20.000 Arrays und Objekte")),
    ],
)
async def test_what_is_wrong_with_json_is_translated(client, ada, sent, texts):
    begins = ("The body is not acceptable JSON: {}.", "Der Body ist kein zulässiges JSON: {}.")
    for language, begin, text in zip(("en", "de"), begins, texts, strict=True):
        headers = {**ada.headers, "Accept-Language": language, "Content-Type": "application/json"}
        response = await client.post("/v1/posts", data=sent, headers=headers)
        assert (await response.json())["detail"] == begin.format(text)


async def test_message_with_many_wrong_fields_is_one_sentence_of_the_language(client, ada):
    headers = {**ada.headers, "Accept-Language": "de"}
    response = await client.post("/v1/posts", json={f"x{number}": 1 for number in range(150)}, headers=headers)
    problem = await response.json()
    assert problem["detail"] == "Einige Felder sind ungültig. Dies sind die ersten 100."
    assert {each["detail"] for each in problem["errors"]} == {"Unbekanntes Feld."}


async def test_what_is_no_error_is_the_same_in_all_languages(client, ada, write):
    post = await write(ada, status="published")
    for path in (f"/v1/posts/{post['id']}", "/v1/posts", "/v1/me"):
        credentials = ada.headers if path == "/v1/me" else {}
        answers = [await client.get(path, headers={**credentials, "Accept-Language": each}) for each in LANGUAGES]
        assert {answer.status for answer in answers} == {200}
        assert len({await answer.read() for answer in answers}) == 1
        assert len({answer.headers["ETag"] for answer in answers}) == 1
        assert not any("Accept-Language" in answer.headers["Vary"] for answer in answers)
        assert not any("Content-Language" in answer.headers for answer in answers)
