"""`blogapi privacy`: exporting and erasing for an operator."""

import json
import zipfile

import pytest

from blogapi.access.administrator import as_operator
from blogapi.users.model import NewUser
from blogapi.users.service import UserService
from tests.conftest import PASSWORD

pytestmark = pytest.mark.mongod
NEW = NewUser(username="grace", email="grace@hopper.example", password=PASSWORD, display_name="Amazing Grace")


@pytest.fixture
def grace(blog):
    """Somebody with an account."""
    return blog.work(lambda opened: opened.services[UserService].making.create(as_operator(), NEW))


def found(blog, user):
    return blog.work(lambda opened: opened.services[UserService].get(user.id))


@pytest.mark.parametrize("name", ["grace", "Grace@Hopper.example", "{id}"])
def test_export_writes_an_archive(blog, grace, documents, tmp_path, name):
    file = tmp_path / "grace.zip"
    facts = blog.json("privacy", "export", name.format(id=grace.id), "--output", str(file))
    assert facts == {"id": grace.id, "file": str(file), "bytes": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o600
    account = json.loads(zipfile.ZipFile(file).read("account.json"))
    assert account["email"] == "grace@hopper.example"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".grace")] == []
    told = documents["audit"].find_one({"action": "user.exported"})
    assert (told["actor"]["kind"], told["target"]["id"]) == ("command_line", grace.id)


def test_export_replaces_no_file(blog, grace, tmp_path):
    file = tmp_path / "grace.zip"
    file.write_text("of before")
    result = blog("privacy", "export", "grace", "--output", str(file))
    assert (result.exit_code, file.read_text()) == (2, "of before")


@pytest.mark.parametrize("command", [("export", "nobody", "--output", "x.zip"), ("erase", "nobody", "--yes")])
def test_nobody_is_neither_exported_nor_erased(blog, command):
    result = blog("privacy", *command)
    assert result.exit_code == 1
    assert "There is no user 'nobody'" in result.stderr


def test_export_into_a_folder_that_is_not_there_fails_in_one_line(blog, grace, tmp_path):
    result = blog("privacy", "export", "grace", "--output", str(tmp_path / "none" / "grace.zip"))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_erase_begins_the_time_of_grace(blog, grace):
    facts = blog.json("privacy", "erase", "grace", "--yes")
    assert (facts["id"], facts["state"]) == (grace.id, "scheduled")
    user = found(blog, grace)
    assert user.status == "active"
    assert (user.erasure_at - grace.created_at).days == 7


def test_erase_at_once_leaves_nothing(blog, grace, documents):
    facts = blog.json("privacy", "erase", "grace@hopper.example", "--now", "--yes")
    assert facts == {"id": grace.id, "state": "erased", "erasure_at": None}
    assert found(blog, grace).status == "erased"
    everything = str([list(documents[name].find()) for name in documents.list_collection_names()]).lower()
    assert not [word for word in ("hopper", "amazing", "grace") if word in everything]


def test_erase_asks_before_it_does_anything(blog, grace):
    result = blog("privacy", "erase", "grace", "--now")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert found(blog, grace).status == "active"


def test_erasing_twice_is_the_same_as_once(blog, grace):
    blog("privacy", "erase", grace.id, "--now", "--yes")
    assert blog("privacy", "erase", grace.id, "--now", "--yes").exit_code == 0
    result = blog("privacy", "erase", grace.id, "--yes")
    assert (result.exit_code, "erased already" in result.stderr) == (1, True)


def test_last_administrator_is_not_erased(blog):
    blog("create-admin", "--username", "root-1", "--email", "root@example.org", "--password-stdin", input=PASSWORD)
    for more in ((), ("--now",)):
        result = blog("privacy", "erase", "root-1", "--yes", *more)
        assert (result.exit_code, "last administrator" in result.stderr) == (1, True)


def test_results_for_people(blog, grace, tmp_path):
    assert "Exported" in blog("privacy", "export", "grace", "--output", str(tmp_path / "x.zip")).stdout
    assert "scheduled" in blog("privacy", "erase", "grace", "--yes").stdout
