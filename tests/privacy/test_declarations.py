"""Every place in the database that names a person is declared in the door of the feature that it belongs to."""

import pytest

from blogapi.feature import stores_of
from blogapi.features import FEATURES
from blogapi.personal import Person, PersonalData
from blogapi.wiring import SERVICES
from tests.privacy.dump import documents_in, places_of
from tests.privacy.life import WORDS

HOW = "Declare it in `personal` of the feature (docs/how-to/extend.md)."


def declarations(client):
    return [data for data, _ in client.app[SERVICES].personal]


async def test_every_place_that_names_a_person_is_declared(client, life, database):
    named = await places_of(database, *WORDS, life.id)
    declared = {data.collection: data for data in declarations(client)}
    for place in named:
        collection, _, path = place.partition(".")
        assert collection in declared, f"{place} names a person. {HOW}"
        assert declared[collection].fate(path) is not None, f"{place} names a person. {HOW}"


async def test_every_field_of_a_document_of_a_person_is_declared(client, life, database):
    declared = {data.collection: data for data in declarations(client)}
    for collection, document in await documents_in(database):
        if collection in declared:
            undeclared = {name for name in document if declared[collection].fate(name) is None}
            assert undeclared == set(), f"fields of {collection}. {HOW}"


async def test_life_leaves_traces_in_all_collections_that_name_people(client, life, database):
    named = {place.partition(".")[0] for place in await places_of(database, *WORDS, life.id)}
    assert {data.collection for data in declarations(client)} - {"meta"} <= named


async def test_answers_that_are_kept_for_retries_cannot_be_read_in_the_database(life, database):
    assert "idempotency" in await database.list_collection_names()
    places = await places_of(database, *WORDS)
    assert not {place for place in places if place.startswith("idempotency")}


@pytest.mark.parametrize("store", stores_of(FEATURES), ids=lambda store: store.collection)
def test_documents_of_a_person_are_found_by_an_index(store):
    personal = {data.collection: data for feature in FEATURES for data in feature.personal}
    data = personal.get(store.collection)
    if data is not None:
        leading = {next(iter(index.document["key"])) for index in store.indexes} | {"_id"}
        assert {*data.found_by, *data.found_by_address} <= leading


async def test_waiting_mails_to_an_address_of_somebody_are_removed(client, life, database, app):
    services = app[SERVICES]
    person = Person(id=life.id, owns=lambda address: "ockham" in address.lower())
    data, mail = next((data, service) for data, service in services.personal if data.collection == "mails")
    await data.forget(mail, person)
    assert not [place for place in await places_of(database, "ockham", life.id) if place.startswith("mails")]
    assert "mails.to" in await places_of(database, "somerset")


@pytest.mark.parametrize(
    ("fates", "path", "fate"),
    [
        ({}, "anything", "erase"),
        ({"keep": {"live"}, "pseudonym": {"live.authors"}}, "live.authors.username", "pseudonym"),
        ({"keep": {"live"}, "pseudonym": {"live.authors"}}, "live.title", "keep"),
        ({"keep": {"live"}, "pseudonym": {"live.authors"}}, "working", None),
    ],
)
def test_the_longest_path_decides(fates, path, fate):
    async def forget(service, person):
        """Nothing."""

    data = PersonalData(collection="posts", forget=forget, **{name: frozenset(paths) for name, paths in fates.items()})
    assert data.fate(path) == fate


@pytest.mark.parametrize(
    "fates",
    [{"erase": {"email"}, "keep": {"email"}}, {"erase": {"email"}, "keep": {"_id"}}],
    ids=["twice", "by nobody"],
)
def test_contradiction_is_refused(fates):
    with pytest.raises(ValueError, match="users"):
        PersonalData(collection="users", **{name: frozenset(paths) for name, paths in fates.items()})
