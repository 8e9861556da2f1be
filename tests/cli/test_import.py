from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
needs_mongod = pytest.mark.mongod


def counts(result):
    return {name: result[name] for name in ("created", "unchanged", "updated", "skipped", "refused")}


@needs_mongod
def test_second_import_changes_nothing(blog):
    first = blog.json("import", "markdown", str(DATA / "jekyll-news"))
    assert first["created"] > 5
    assert first["refused"] == 0
    second = blog.json("import", "markdown", str(DATA / "jekyll-news"))
    assert counts(second) == {**counts(first), "created": 0, "unchanged": first["created"]}
    assert blog.json("doctor")["ok"]


@needs_mongod
def test_refused_files_are_named_and_the_rest_is_imported(blog):
    blog("create-admin", "--username", "ada", "--email", "ada@example.org", "--generate")
    result = blog.json("import", "markdown", str(DATA / "odd-blog"), "--author", "ada", status=1)
    assert result["created"] > 0
    assert result["refused"] == len(result["refusals"]) > 0
    assert {"file", "reason"} == set(result["refusals"][0])
    assert "broken-yaml.md" in {refusal["file"] for refusal in result["refusals"]}


@needs_mongod
def test_table_and_reasons_are_for_people(blog):
    result = blog("import", "markdown", str(DATA / "odd-blog"), "--source", "odd")
    assert result.exit_code == 1
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["created", "unchanged", "updated", "skipped", "refused"] in lines
    assert any(line[:2] == ["broken-yaml.md:", "refused:"] for line in lines)


@needs_mongod
def test_unknown_author_is_refused_before_anything_is_imported(blog, documents):
    result = blog("import", "markdown", str(DATA / "jekyll-news"), "--author", "nobody-here")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert documents["posts"].count_documents({}) == 0


@pytest.mark.parametrize("folder", ["no-such-folder", "odd-blog/README.md"])
def test_folder_has_to_be_one(commands, folder):
    result = commands("import", "markdown", str(DATA / folder))
    assert result.exit_code == 2
    assert folder in result.stderr


@needs_mongod
def test_folder_without_a_post_fails_with_a_line(blog, tmp_path):
    (tmp_path / "README.md").write_text("# Not a post\n")
    result = blog("import", "markdown", str(tmp_path))
    assert result.exit_code == 1
    assert "  .: there is no post in this folder" in result.stdout.splitlines()
    assert blog.json("import", "markdown", str(tmp_path), status=1)["notes"][-1]["file"] == "."
