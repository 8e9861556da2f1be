"""MDX: what is JavaScript goes, what is text stays."""

import time

import pytest

from blogapi.importers.mdx import to_markdown


@pytest.mark.parametrize(
    ("mdx", "markdown"),
    [
        ("import A from './a'\nimport {\n  B,\n} from 'b'\n\n# Title\n", "\n# Title\n"),
        ("Text\n\nexport const x = {\n  a: 1,\n}\n\nMore\n", "Text\n\n\nMore\n"),
        ("a <Chart data={[1, {b: 2}]} /> b", "a  b"),
        ('<Note type="x">\n\nKeep **this**.\n\n</Note>\n', "\n\nKeep **this**.\n\n\n"),
        ("<>a</>", "a"),
        ("<UI.Box onClick={() => go('>')}>x</UI.Box>", "x"),
        ("a {/* hidden */} b {props.x} c{' '}d", "a  b  c d"),
        ('<YouTube id="dQw4w9WgXcQ" />', "<https://www.youtube.com/watch?v=dQw4w9WgXcQ>"),
        ('<Image src="/a.png" alt="A" />', "![A](/a.png)"),
        ("import pic from './p.png'\n\n<Image src={pic} alt='A' />\n", "\n![A](./p.png)\n"),
        ('<div className="x" style={{a: 1}}>x</div>', '<div class="x">x</div>'),
    ],
)
def test_javascript_goes_and_is_told(mdx, markdown):
    body, notes = to_markdown(mdx)
    assert body == markdown
    assert notes


@pytest.mark.parametrize(
    "body",
    [
        "```jsx\nimport A from 'a'\n\n<A x={1} />\n```\n",
        "`<A />` and `{x}`",
        "## Title {#own-id}\n",
        "$\\frac{a}{b}$ and $${x}$$",
        "A line\nimport of goods\n",
        "a < b, 1 { 2, \\{x}",
        "<https://a.example/>, <b>bold</b>",
    ],
)
def test_everything_else_stays(body):
    assert to_markdown(body) == (body, ())


def test_notes_name_what_and_the_lines_of_the_file():
    notes = to_markdown("import A from 'a'\n\n<A />\n\n<A />\n", first_line=4)[1]
    assert notes == ("taken out: import A from 'a' (line 4)", "taken out: <A /> (lines 6, 8)")


@pytest.mark.parametrize(
    "shape", ["<A ", "{", "<A x={", "import x\n\n", "<div a={", "{a}", "<A>", "export {\n", "<A '\""]
)
def test_four_times_the_text_costs_about_four_times_the_time(shape):
    """In the time of this process alone, the best of three, with a wide margin: a square would be sixteen times."""

    def seconds(size):
        body = shape * (size // len(shape))
        began = time.process_time()
        to_markdown(body)
        return time.process_time() - began

    small, large = (min(seconds(size) for _ in range(3)) for size in (10_000, 40_000))
    assert large < 0.1 + 8 * small
