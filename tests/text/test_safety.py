import pytest

from .safety import faults


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)" rel="noopener">x</a>',
        '<a href="java\nscript:alert(1)" rel="noopener">x</a>',
        '<a href="/">x</a>',
        '<img src="data:image/svg+xml,x">',
        '<p style="color: red">x</p>',
        '<h1 id="location">x</h1>',
        '<p id="h-a">x</p><p id="h-a">x</p>',
        '<code class="admin">x</code>',
        '<input type="checkbox">',
        '<input type="submit" disabled="">',
        "<!-- x -->",
        "<iframe></iframe>",
    ],
)
def test_judge_finds_fault(html):
    assert faults(html)


def test_judge_lets_good_html_pass():
    assert not faults('<h2 id="h-a">A</h2><p><a href="/b" rel="noopener">c</a> <input type="checkbox" disabled=""></p>')
