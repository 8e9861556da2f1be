"""Work on what a client sends grows with its length, and not with the square of it.

Two nets. One holds every pattern of ours, found in the source, against texts made from the pattern itself. The other
holds what reads texts, the libraries behind included, against a table of shapes: whoever teaches it a new mark adds the
mark here. Processor time is measured, of four times as much: linear work takes 4 times as long, quadratic work 16.
"""

import ast
import importlib
import pkgutil
import re
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from re import _constants as op
from re import _parser

import pytest

import blogapi
from blogapi.cache.coding import chosen_coding
from blogapi.errors import BlogError
from blogapi.importers import elements, frontmatter, links, marks, mdx, programs, templates
from blogapi.importers.blog import Blog
from blogapi.importers.globs import Glob, glob_of_expression
from blogapi.importers.headings import ids_in
from blogapi.importers.model import Unfit
from blogapi.importers.prose import verbatim
from blogapi.text import html_body, markdown
from blogapi.text.address import normal_address
from blogapi.text.difference import difference
from blogapi.text.markup import TooComplex, visible_text, without_comments
from blogapi.text.slug import slugify
from blogapi.text.transcript import Transcript
from blogapi.text.visible import is_blank
from blogapi.users.logins import username_fault
from blogapi.web import networks as addresses
from blogapi.web.body import parse_json

KIB = 1024
# Between 4 and 16. What takes less than this many seconds in the end is too short to tell, and too short to matter.
TOO_MUCH, TOO_SHORT = 9, 0.02


def seconds(work, text):
    start = time.thread_time()
    with suppress(BlogError, TooComplex, Unfit):
        work(text)
    return time.thread_time() - start


def growth(work, text_of_size, size):
    """How many times as long four times as much takes; the best of three, for the machine may be busy."""
    least = TOO_MUCH
    for _ in range(3):
        once = seconds(work, text_of_size(size))
        # Even the cube of it would be too short: most texts need not be read at their full length.
        if once < TOO_SHORT / 4**3:
            return 0
        four_times = seconds(work, text_of_size(4 * size))
        if four_times < TOO_SHORT:
            return 0
        least = min(least, four_times / max(once, 1e-6))
        if least < TOO_MUCH:
            break
    return least


# The patterns of ours.

# What is slow with short texts already need not be waited for with long ones.
SIZES = (KIB // 2, 2 * KIB, 8 * KIB)


def is_slow(work, text_of_size):
    return any(growth(work, text_of_size, size) >= TOO_MUCH for size in SIZES)


SEARCHES = ("search", "finditer", "findall", "sub", "subn", "split")
# Read what operators write, or texts whose length is bounded by a few hundred characters before.
NOT_CLIENTS = frozenset(
    (
        "blogapi.config.kinds",
        "blogapi.openapi.pages",
        "blogapi.openapi.document",
        "blogapi.operations.doctor",
    )
)


def patterns():
    for module_info in pkgutil.walk_packages(blogapi.__path__, "blogapi."):
        if module_info.name in NOT_CLIENTS or module_info.name.endswith("__main__"):
            continue
        path = Path(importlib.util.find_spec(module_info.name).origin)
        source = path.read_text("utf-8")
        if "import re\n" not in source:
            continue
        for name, value in vars(importlib.import_module(module_info.name)).items():
            uses = set(re.findall(rf"\b{name}(?:\[[^\]\n]*\])*\.([a-z]+)\(", source))
            for pattern in compiled(value):
                is_searched = not uses or not uses.isdisjoint(SEARCHES)
                yield pytest.param(pattern, is_searched, id=f"{module_info.name}.{name}")
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.") and call.args:
                method, text = call.func.attr, call.args[0]
                if method in (*SEARCHES, "match", "fullmatch") and isinstance(text, ast.Constant):
                    yield pytest.param(
                        re.compile(text.value), method in SEARCHES, id=f"{module_info.name}:{call.lineno}"
                    )


def compiled(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from (pattern for inner in value.values() for pattern in compiled(inner))
    elif isinstance(value, tuple | list):
        yield from (pattern for inner in value for pattern in compiled(inner))


def attacks(pattern):
    """Texts that come near a match again and again: what stands before a repetition, and what is repeated, in turn."""
    if isinstance(pattern.pattern, bytes):
        parts = list(repetitions(_parser.parse(pattern.pattern.decode("latin-1"), pattern.flags & ~re.UNICODE)))
    else:
        parts = list(repetitions(_parser.parse(pattern.pattern, pattern.flags)))
    for before, repeated in parts:
        for unit in (repeated, before + repeated, before, repeated + " ", repeated * 2 + before):
            if unit:
                yield before, unit


def repetitions(nodes, before=""):
    for code, value in nodes:
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            _least, most, inner = value
            for sample in samples(inner):
                if most == op.MAXREPEAT:
                    yield before, sample
                yield from repetitions(inner, before)
        elif code is op.BRANCH:
            for branch in value[1]:
                yield from repetitions(branch, before)
        elif code is op.SUBPATTERN:
            yield from repetitions(value[3], before)
        elif code is op.ATOMIC_GROUP:
            yield from repetitions(value, before)
        before += next(iter(samples([(code, value)])), "")


def samples(nodes):
    texts = [""]
    for code, value in nodes:
        texts = [text + piece for text in texts for piece in pieces(code, value)][:4]
    return texts


def pieces(code, value):
    if code is op.LITERAL:
        return [chr(value)]
    if code is op.NOT_LITERAL:
        return ["b" if value == ord("a") else "a"]
    if code is op.ANY:
        return ["a"]
    if code is op.IN:
        return [character for character in "a0 <-_\"'.:/=\t\n\\é世一ก&(" if is_in(value, character)][:2] or [""]
    if code is op.BRANCH:
        return [text for branch in value[1] for text in samples(branch)[:1]] or [""]
    if code is op.SUBPATTERN:
        return samples(value[3])
    if code is op.ATOMIC_GROUP:
        return samples(value)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return [sample * max(1, min(value[0], 300)) for sample in samples(value[2])]
    return [""]


def is_in(items, character):
    found = False
    for code, value in items:
        if code is op.NEGATE:
            continue
        if code is op.LITERAL:
            found = found or chr(value) == character
        elif code is op.RANGE:
            found = found or value[0] <= ord(character) <= value[1]
        elif code is op.CATEGORY:
            kind = str(value).rpartition("_")[2].lower()
            is_of_kind = {
                "space": str.isspace,
                "digit": str.isdigit,
                "word": lambda text: text.isalnum() or text == "_",
            }
            found = found or is_of_kind[kind](character) != ("_NOT_" in str(value))
    return found != (items[0][0] is op.NEGATE)


@pytest.mark.parametrize(("pattern", "is_searched"), list(patterns()))
def test_pattern_reads_a_text_once(pattern, is_searched):
    encode = str.encode if isinstance(pattern.pattern, bytes) else str
    methods = [lambda text: pattern.sub(encode(""), text)] if is_searched else [pattern.match, pattern.fullmatch]
    slow = set()
    for before, unit in attacks(pattern):
        for end in ("\0", "<"):
            for work in methods:

                def text_of_size(size, before=before, unit=unit, end=end):
                    return encode(before + unit * (size // len(unit)) + end)

                if is_slow(work, text_of_size):
                    slow.add((before, unit, end))
    assert slow == set()


@pytest.mark.parametrize("text", [r"<a[^>]*>", r"\s+$", r"[a-z]+@", r"(\s+[a-z]+)+>", "a.*b"])
def test_slow_pattern_is_found(text):
    pattern = re.compile(text)

    def work(text):
        pattern.sub("", text)

    def is_slow_with(before, unit):
        return is_slow(work, lambda size: before + unit * (size // len(unit)) + "\0")

    assert any(is_slow_with(before, unit) for before, unit in attacks(pattern))


# What reads texts, libraries included. A shape is what is repeated, and perhaps what stands before and behind it all.

MARKDOWN = [
    "[", "![", "^[", "[^[", "[^a", "[a](", "[a](<", "[a](b 'c", "[a][", "[a]: b\n", "[a]:\n", "[a]: b '", "](", "][",
    "[a](b)", "![a](b)", "[[a]]", "[]()", "*a ", "*a_ ", "**a ", "_a", "*a**b ", "***a* ", "~~a", "`a", "`a``b", "\\",
    "\\a",
    "&", "&a", "&#1", "&#x", "&amp;", "> ", "> a\n", "> > a\n", "- ", "- a\n", "- - a\n", "+ a\n\n", "1. ", "1. a\n",
    "    a\n", "# ", "# a\n", "# {", "# {#a}\n", "# a {#b} ##\n", "# a {b", "a\n=\n", "a\n-\n", "---\n", "```\n",
    "```a\na\n```\n", "```{.a\n",
    "|", "|a", "|a|\n|-|\n", "|a|\n|-|\n|b|\n", "\\|", ":-|", "[^1]", "^[a]", "[^a]: b\n", "    [^a]: b\n", "- [x] a\n",
    "\n", "a\n", "a  \n", "\r\n", "\t",
    # formulas
    "$", "$a", "$a$", "$a $", "$$", "$$a", "$$a\n", "$$\na\n", "\\(", "\\(a_b\\)", "\\[", "\\[a\n", "\\[\n",
    "\\begin{align}\n", "$a<b", "$a<!--",
    # bare addresses
    ":", "http:", "http://", "http://a", "http://a.b ", "http://a(", "http://a)", "http://a;", "http://a&b;",
    "http://a_b",
    "https://é", "http://é.", "[http://a", "www.", "www.a", "www.a.b ", "w", "@", "a@", "a@b", "a@b.", "a@b.c ", ".",
    "a.b@",
    # HTML in it
    "<", "<a", "<a ", "<a b='", "<a b=\"<a c='", "<a b='>", "<a\n", "</a", "<b>", "</b>", "<p>", "</p>", "<b><p>x",
    "<div>\n",
    "<div>\n\n", "<!--", "<!--a--", "<!-- a -->", "<!--more-->", "--->", "-->", "<?", "<?a?>", "<!a", "<![CDATA[",
    "]]>", "<script>",
    "<script>\n", "</script>", "a<script></script>", "<pre>\n", "<svg>", "<h2 id=a>x</h2>", "<http://a", "<http://a>",
    "<a@b.c>",
]  # fmt: skip
HTML = [
    "<", "<a", "<a ", "<a b", "<a b=", "<a b='", '<a b="', "<a b='<a c=\"", "<a b=\">\" ", "<a/", "</", "</a", "</a ",
    "<p>", "</p>",
    "<b>", "</b>", "<b><p>x</b>", "<a href=x>", "<div>", "</div>", "<div><img alt='</div>'>", "<li>", "<ul><li>",
    "<table><tr><td>",
    "<tr>x", "<h1>x", "<h2 id=a>x</h2>", "<p id=a>", "<code class='language-a'>", "<br>", "<!--", "<!-->",
    "<!-- a -->", "--", "<!--more",
    "<!--more-->", "<?", "<!", "<![CDATA[", "]]>", "<script>", "<script></script>", "</script", "<style>",
    "<textarea>", "<svg>",
    "<math>", "<select>", "&", "&#1", "&#x", "&#99999999", "&a", "<sup class=footnote-ref>", "<section>", "<pre>\n",
    "\n", "a", "é",
]  # fmt: skip
WORDS = [
    "a",
    "a ",
    " ",
    "-",
    "'",
    "é",
    "e\u0301",
    "\u0301",
    "你",
    "ก",
    "ក ",
    "\u200b",
    "&amp;",
    "&#1",
    "1,",
    "A",
    "ß",
    "ﷺ",
    "\U0001f600",
]
FRONT_MATTER = [
    "a: b\n", "- a\n", "[", "{", "{a: ", "a:\n ", "? ", "&a ", "*a ", "!a ", "'", '"', '"\\', "|\n a\n", "#",
    "a: &a [*a]\n", "\n", " ", "---\n",
]  # fmt: skip
TOML = ["a = 1\n", "[a]\n", "[[a]]\n", "a.", "[", "{", "'", '"', '"""', "'''", "#", "\\", "a = [", "1", "\n", " "]
TEMPLATES = [
    "{%", "{{", "%}", "}}", "{% a %}", "{% raw %}", "{% endraw %}", "{% highlight a %}",
    "{% highlight a %}`{% endhighlight %}", "{% highlight a %}\n```\n{% endhighlight %}\n", "{% if a %}", "{% else %}",
    "{% endif %}", "{% for a in b %}", "endfor", "{% endfor %}", "{% if a %}endif",
    "{% if true %}a{% else %}", "{% if true %}a{% endif %}", "{% unless a == ",
    "{% if a %}`{% endif %}", "{% private %}", "{% endprivate %}", "{% private %}{% todo %}{% endprivate %}",
    "{{< private >}}", "{{< /private >}}", "{{< private >}}/private", "{% secret() %}",
    "{{ site.url | append: ", "{{ 'a' | relative_url ",
    "{{ 'a' | relative_url }}", "`", "\n", "{{'", "{%-", "{% post_url 2000-01-01-a %}", "{% include a.html b='",
    "{% include image src='a.png' %}", "{#", "#}", "{# a #}", "{{<", "{{< a >}}", "{{< highlight a >}}", "/highlight",
    "{{< /highlight >}}", '{{< ref "a" >}}', '{{< figure src="a" ', "{{%", "{{% a %}}", "{{</* a */>}}", "{{< a='",
    "{{ a(b='", "{{ a(b=1) }}", "{% end %}", "{{/* a */}}", "$", "<!--", "-->", "\\[",
]  # fmt: skip
PROSE = [
    "`", "``", "`a", "`a``b", "$", "$a", "$a$", "$$", "$$\n", "$$\na\n", "\\(", "\\[", "\\", "<!--", "-->", "```\n",
    "```a\n", "~~~\n", "    a\n", "    a\n\n", "\ta\n", "- a\n", "- ```\n", "> ", "> ```\n", "1. ",
    "<pre>\n", "</pre>\n", "<script>\n", "<style>", "a\n", "\n", " ", "\r\n",
]  # fmt: skip
MARKS = [
    "]{:", "){", "`{.a", "{: ", "{:#a}\n", "# a\n{:#a}\n", "[[", "[[a|", "[[a]]", "![[", "![[a.png]]", ":::a\n",
    ":::\n", "::a[\n", "!!! a\n", "!!! note\n    ", "> [!a]", "> [!a]\n", "<!-- a", "<!-- cut -->", "{::comment}",
    "{::comment}\n", "{::comment}`{:/}", "{:/comment}", "{::comment}x{:/comment} `a`",
    "a\n===\n", "[toc]\n", "%%\n", "%% ", " %%a", "%% a\n", "{::a", "{:/", "*[a]: b\n",
    "a{:.b}", "`[[a]]` ", "$a$ ){.a} ", '=== "',
]  # fmt: skip
ELEMENTS = [
    "<iframe ", "<iframe src=", "<iframe src='a'>", '<video src="', "<source src=a>", "<script>", "<script ", "<a b",
    "<a markdown=", "<a markdown=1>\n", "<div markdown=1>a", "<div markdown=1>a</div>\n",
    " markdown=1", "src=", "`<iframe src=a>` ",
]  # fmt: skip
PROGRAMS = ("a: [", "a: 1, ", "'", "\\'", "`", "/*", "//", "{", "}", '"a": "b", ', "[1,", "module.exports =")
GLOBS = ("a", "a/", "/", "*", "**/", "?", "{", "{a,", "{a,b}", "}", "[", "[a]", "\\", ".*", "a|")
LINKS = [
    "](", "[a](", "[a](b.md)", "[a](<", "[a](<b.md>)", "[a]: b.md\n", "[a]:", "href=", "<a href='b.md'>", "[a](@/b.md)",
    "[a](../", "../", "%2e", "[a](b.md#", "[a]({filename}b.md)",
    "[a]({{ site.url }}", "[a]({{ site.url }}/b)", "[a]({{ '/b' | relative_url }})", "{{ site.url }}",
    "#", "?", "a:", "/", "`[a](b.md)`", "b.md",
]  # fmt: skip
MDX = [
    "import a from 'a'\n", "import a from 'a'\n\n", "export const a = {\n", "{", "}", "{a}", "{'a'}", "{`", "<A", "<A>",
    "<A ", "</A>", "<A b={", "<A b='", '<A b="', "<A b={c} ", "<A />", "<a b={c}>", "<a b={", "<>", "</>",
    "<Image src='a' />", "\\", "\\{", "<", "`{`", "\n",
]  # fmt: skip
ADDRESSES = [
    "/", "//", "a/", "../", "./", "%", "%2", "%41", "%C3", "%C3%9C", "é", "e\u0301", "?", "?p=1&", "&", "#", "=", ":",
    "@", "a.", ".html", "/index.html", " ", "\t", "\u200b", "A", "[", "xn--", "\\",
]  # fmt: skip
HEADERS = [
    "a",
    ",",
    "a,",
    '"',
    '"a",',
    'W/"a",',
    "W/",
    "*",
    " ",
    "gzip;q=0,",
    ";q=",
    "q=0.",
    ";",
    "=",
    "\t,",
    '"1-a",',
    "1",
    ".",
    ":",
    "[",
    "]:",
]
# Lines and words of few kinds, which go together in many ways, and what is no word.
ALIKE = ["a\n", "\n", "a\nb\n", "a\n\n", "a b ", "a", "!?", "\r", "世", "e\u0301", "\U0001f600\u200d"]
JSON = ["[", "{", '"', '"\\', '"a":', "[]", "\\", ",", '{"a":', "1", " "]


def count_words(text):
    transcript = Transcript()
    transcript.prose.append(text)
    transcript.count(), transcript.excerpt()


BLOG = Blog(Path(__file__).parent / "no-such-folder", ["a.md", "b.md"])
SURFACES = {
    "markdown": (lambda text: html_body.finish(markdown.post_to_html(text)), MARKDOWN, 2 * KIB, ("", "")),
    "markdown with notes": (
        lambda text: html_body.finish(markdown.post_to_html(text)),
        [unit for unit in MARKDOWN if "[" in unit or "]" in unit], 2 * KIB, ("[^a]: x\n\n[a]: b\n\n", "]"),
    ),
    "markdown with ends": (
        lambda text: html_body.finish(markdown.post_to_html(text)),
        [unit for unit in MARKDOWN if unit[0] in "<$\\-"], 2 * KIB, ("", "'\"> --->]]>?></script> $ $$ \\) \\]"),
    ),
    "small markdown": (markdown.small_to_html, ["[a](", "*a_ ", "<a b='", "<!--", "&#1", "`a", "- ", "http://a(",
    "$a"], 2 * KIB, ("", "")),
    "html": (html_body.to_html, HTML, 32 * KIB, ("", "")),
    "html with ends": (html_body.to_html, HTML, 32 * KIB, ("", "'\">-->]]>?></script>")),
    "html as text": (visible_text, HTML, 64 * KIB, ("", "")),
    "without comments": (without_comments, ["<!--", "-->", "<!-- a", "--", "<"], 64 * KIB, ("", "")),
    "words": (count_words, WORDS, 64 * KIB, ("", "")),
    "difference from what is moved": (
        lambda text: difference(text, text[len(text) // 3 :] + "?" + text[: len(text) // 3]), ALIKE, 32 * KIB, ("", ""),
    ),
    "difference from what has gone": (
        lambda text: difference(text, text[::2]), ALIKE, 32 * KIB, ("", ""),
    ),
    "difference from other line ends": (
        lambda text: difference(text, text.replace("\n", "\r\n")), ALIKE[:5], 32 * KIB, ("", ""),
    ),
    "slug": (slugify, WORDS, 64 * KIB, ("", "")),
    "blank": (is_blank, WORDS, 64 * KIB, ("\u200b", "")),
    "username": (username_fault, WORDS, 64 * KIB, ("", "")),
    "yaml": (frontmatter.split, FRONT_MATTER, 2 * KIB, ("---\n", "\n---\n")),
    "toml": (frontmatter.split, TOML, 2 * KIB, ("+++\n", "\n+++\n")),
    **{
        f"templates of {name}": (partial(templates.to_markdown, dialect=dialect), TEMPLATES, 32 * KIB, ("", ""))
        for name, dialect in (
            ("jekyll", templates.Dialect(liquid=True)),
            ("zola", templates.Dialect(zola=True)),
            ("nobody knows", templates.Dialect(guess=True)),
        )
    },
    "ids": (ids_in, [*MARKDOWN, *HTML], 16 * KIB, ("", "")),
    "mdx": (mdx.to_markdown, MDX, 32 * KIB, ("", "")),
    "mdx with ends": (mdx.to_markdown, MDX, 32 * KIB, ("", "'\"`>}")),
    "prose": (verbatim, PROSE, 32 * KIB, ("", "")),
    "prose with ends": (verbatim, PROSE, 32 * KIB, ("", " ` `` $ $$ \\) \\] -->")),
    "marks": (lambda text: marks.to_markdown(text, lambda name: None), MARKS, 32 * KIB, ("", "")),
    "marks with ends": (lambda text: marks.to_markdown(text, lambda name: name), MARKS, 32 * KIB, ("", "}]]-->`$")),
    "elements": (elements.to_links, ELEMENTS, 32 * KIB, ("", "")),
    "elements with ends": (elements.to_links, ELEMENTS, 32 * KIB, ("", ">'\"")),
    "markdown inside": (elements.with_markdown_inside, ELEMENTS, 32 * KIB, ("", "")),
    "programs": (programs.literal_fields, PROGRAMS, 32 * KIB, ("export default {", "")),
    "lists in programs": (lambda text: list(programs.lists_of(text, "a")), PROGRAMS, 8 * KIB, ("", "")),
    "path under a glob": (Glob("**/*a*/{b,*}?[a-c]*").matches, GLOBS, 2 * KIB, ("", "")),
    "glob": (Glob, GLOBS, KIB // 8, ("", "")),
    "glob of an expression": (glob_of_expression, GLOBS, KIB // 8, ("", "")),
    "links": (lambda text: links.to_posts(text, BLOG, "a.md"), LINKS, 8 * KIB, ("", "")),
    "links with ends": (lambda text: links.to_posts(text, BLOG, "a.md"), LINKS, 8 * KIB, ("", ">)'.md)")),
    "address": (normal_address, ADDRESSES, 64 * KIB, ("", "")),
    "address of a server": (normal_address, ADDRESSES, 64 * KIB, ("https://a.example/", "")),
    "json": (lambda text: parse_json(text.encode()), JSON, 64 * KIB, ("", "")),
    "accept-encoding": (chosen_coding, HEADERS, 16 * KIB, ("", "")),
    "client address": (addresses.bare_address, HEADERS, 16 * KIB, ("", "")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("surface", "unit"), [(surface, unit) for surface, (_, units, _, _) in SURFACES.items() for unit in units]
)
def test_work_grows_with_the_text(surface, unit):
    work, _, size, (before, behind) = SURFACES[surface]

    def text_of_size(size):
        return before + unit * (size // len(unit)) + behind

    assert growth(work, text_of_size, size) < TOO_MUCH
