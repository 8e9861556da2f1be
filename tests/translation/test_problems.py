"""Problems are in the language that the reader asks for."""

import pytest

from blogapi.translation.sentence import LANGUAGES

SIGN_IN_FIRST = {
    "en": ("Not signed in", "Sign in first."),
    "de": ("Nicht angemeldet", "Melden Sie sich zuerst an."),
    "fr": ("Non connecté", "Connectez-vous d'abord."),
    "es": ("Sesión no iniciada", "Inicie sesión primero."),
}


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
async def test_what_is_filled_in_stays(client, ada, language):
    response = await client.get(
        "/v1/users", headers={**ada.headers, "Accept-Language": language}, params={"view": "admin"}
    )
    assert response.status == 403
    assert "admin" in (await response.json())["detail"].lower()
