import os
from dataclasses import asdict
from pathlib import Path

import pytest

from blogapi.importers.markdown import read_folder

PROJECT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("BLOGAPI_CORPUS") or PROJECT.parent / "shared" / "corpus")

# The whole corpora are not part of the project. Where they are missing nothing is collected, so nothing is skipped.
collect_ignore = [] if CORPUS.is_dir() else ["test_corpus.py", "test_run_corpus.py"]


def as_request(entry):
    """The entry as a client would send it, for the schema that knows what fits."""
    return {
        **{
            name: getattr(entry, name) for name in ("title", "slug", "body", "body_format", "excerpt", "lang", "custom")
        },
        "tags": [tag.slug for tag in entry.tags],
        "cover": entry.cover and asdict(entry.cover),
        "seo": asdict(entry.seo),
    }


@pytest.fixture
def blog(tmp_path):
    """Writes files into a folder called `blog` and reads it: paths and what was found."""
    folder = tmp_path / "blog"
    folder.mkdir()

    def write_and_read(files):
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_folder(folder))

    write_and_read.folder = folder
    return write_and_read


@pytest.fixture
def post(blog):
    """Reads one post from its front matter and its body."""

    def read(front_matter="", body="Text.\n", *, path="2024-09-16-a-post.md"):
        (found,) = blog({path: f"---\n{front_matter}\n---\n{body}"})
        return found

    return read
