import pytest

POST = """\
---
title: Post {n}
author: Jane Doe
date: 2024-01-02
---
Text.
"""


@pytest.mark.mongod
def test_killed_import_is_completed_by_the_next(blog, documents, tmp_path):
    folder = tmp_path / "news"
    folder.mkdir()
    for n in range(200):
        (folder / f"post-{n}.md").write_text(POST.format(n=n))
    with blog.start("import", "markdown", str(folder)) as process:
        while documents["posts"].count_documents({}) < 10:
            assert process.poll() is None, process.stderr.read()
        process.kill()
    report = blog.json("import", "markdown", str(folder))
    assert report["created"] + report["unchanged"] == 200
    assert report["unchanged"] >= 10
    posts = list(documents["posts"].find({"live.audience": "public"}))
    assert sorted(post["live"]["slug"] for post in posts) == sorted(f"post-{n}" for n in range(200))
