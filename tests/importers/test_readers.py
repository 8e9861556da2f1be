"""What readers see of imported files: through the API, as a front end would show it."""

import re

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.run import import_folder
from blogapi.wiring import SERVICES

HEAD = "---\ntitle: T\ndate: 2020-01-01\nauthor: Ada\n---\n"


@pytest.fixture
def published(client, tmp_path):
    """Imports files: `await published({path: text})` gives the HTML that a stranger reads, by slug."""

    async def publish(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(HEAD + text if path.endswith(".md") else text, "utf-8")
        report = await import_folder(client.app[SERVICES], read_folder(tmp_path))
        assert not report.refusals
        response = await client.get("/v1/posts?fields=slug,html")
        return {post["slug"]: post["html"] for post in (await response.json())["items"]}

    return publish


async def test_text_that_a_template_hides_is_not_shown(published):
    posts = await published(
        {
            "_config.yml": "title: T\n",
            "_posts/2020-01-01-a.md": "{% if jekyll.environment == 'development' %}NO{% else %}yes{% endif %}\n",
            "_posts/2020-01-02-b.md": "yes{% unless true %}NO{% endunless %}{% if x %}NO{% endif %}\n",
            "_posts/2020-01-03-c.md": "yes{{< comment >}}NO{{< /comment >}}{{% private %}}NO{{% /private %}}\n",
        }
    )
    assert posts == dict.fromkeys("abc", "<p>yes</p>\n")


async def test_links_lead_to_headings_of_other_posts(published):
    posts = await published(
        {
            "a.md": "[x](b.md#part-two) [x](b.md#own) [x](b.md#old) [x](b.md#é)\n",
            "b.md": '## Part two\n\n## X {#own}\n\n<a name="old"></a>\n\n## Y {#é}\n',
        }
    )
    targets = re.findall(r'href="b#([^"]+)"', posts["a"])
    assert targets == re.findall(r' id="([^"]+)"', posts["b"]) == ["h-part-two", "h-own", "h-old", "h-e"]
