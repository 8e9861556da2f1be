import pytest

from blogapi.db.indexes import declared_indexes
from blogapi.feature import stores_of
from blogapi.features import FEATURES

pytestmark = pytest.mark.mongod


@pytest.fixture(autouse=True)
def no_database(documents):
    """Before and after: this is about what is made in an empty one."""
    documents.client.drop_database(documents.name)
    yield
    documents.client.drop_database(documents.name)


def states(listed):
    return {f"{row['collection']}.{row['index']}": row["state"] for row in listed["indexes"]}


def test_missing_indexes_are_created(blog):
    listed = blog.json("indexes")
    assert states(listed) == dict.fromkeys(declared_indexes(stores_of(FEATURES)), "created")
    assert listed["created"] == len(listed["indexes"])


def test_only_what_is_missing_is_created(blog, documents):
    blog.json("indexes")
    documents["posts"].drop_index("public")
    listed = blog.json("indexes")
    assert [name for name, state in states(listed).items() if state == "created"] == ["posts.public"]
    assert "public" in documents["posts"].index_information()


def test_table_names_keys_and_directions(blog):
    lines = [line.split() for line in blog("indexes").stdout.splitlines()]
    assert ["posts", "public", "live.audience,", "-live.published_at,", "-_id", "created"] in lines


def test_index_that_differs_is_refused_with_a_cure(blog, documents):
    documents["posts"].create_index([("title", 1)], name="public")
    result = blog("indexes")
    assert result.exit_code == 78
    assert "Drop it and start again" in result.stderr
