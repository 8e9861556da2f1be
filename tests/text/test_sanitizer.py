import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogapi.text.rendering import render, render_small
from blogapi.text.sanitizer import clean_post, clean_small

from .safety import faults

ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)",
    "javascript:alert(1)//http://a.b",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "data:image/png;base64,AAAA",
    "file:///etc/passwd",
    "blob:x",
    "feed:javascript:alert(1)",
    "x-custom:1",
    "%6Aavascript:alert(1)",
    "//[javascript:alert(1)]",
    'a"onmouseover="alert(1)',
    "a'onmouseover='alert(1)",
    "a>b<script>alert(1)</script>",
]
MARKDOWN_FRAMES = [
    "[a]({})", "[a](<{}>)", "![a]({})", "![a](<{}>)", "<{}>", "[a]: {}\n\n[a]", "[a]: <{}>\n\n![a]",
    '[a](/b "{}")', '![a](/b "{}")', "[a]: /b '{}'\n\n[a]", "![{}](/a)", "```{}\n```", "~~~ {}\n~~~", "# {}",
    "a[^{}]\n\n[^{}]: b", "^[{}]", "[a](#{})", "|{}|\n|:-|\n|{}|", "- [ ] {}", "`{}`", "    {}", "{}",
]  # fmt: skip
HTML = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script src=//a.b></script>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    '<img src="x"onerror="alert(1)">',
    "<img src=`x`onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<base href=//a.b><link rel=stylesheet href=//a.b><meta http-equiv=refresh content=0>",
    "<style>@import '//a.b'</style><p style='background:url(javascript:alert(1))'>x</p>",
    "<form action=javascript:alert(1)><input type=submit formaction=javascript:alert(1)><button>x</button></form>",
    "<input type=image src=x onerror=alert(1)><input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<a href=x target=_blank rel=opener>x</a>",
    "<a name=cookie id=cookie>x</a><img name=getElementById><h1 id=location>x</h1><p id='&quot;><b'>x</p>",
    "<p class='admin language-x'>x</p><code class='language-\"x admin'>x</code>",
    "<textarea><script>alert(1)</script></textarea><title><img src=x onerror=alert(1)></title>",
    "<!--><script>alert(1)</script>--><![CDATA[<script>alert(1)</script>]]><?php x ?><!DOCTYPE x>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<xss onpointerenter=alert(1) contenteditable>x</xss>",
    "<td><svg><desc><td onclick=alert(1)>x",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<isindex type=image src=1 onerror=alert(1)><plaintext>x",
    # In Markdown: over several pieces, in what other readers take for code or a comment, under our own names.
    "<img src=x\n\nonerror=alert(1)>",
    "<img\nsrc=x\nonerror=alert(1)\n>",
    "<div title='\n\n<img src=x onerror=alert(1)>\n\n'>",
    '<a title="`"><img src=x onerror=alert(1)>`">',
    "`<b title=`'><img src=x onerror=alert(1)>'",
    "<a href='[x](javascript:alert(1))'>*x*</a>",
    "[<img src=x onerror=alert(1)>](<javascript:alert(1)> '<script>')",
    '[x](/y "<img src=x onerror=alert(1)>")![<svg onload=alert(1)>](/z)',
    "<p>\n\n</p><script>\n\nalert(1)\n\n</script>",
    "<style>\n\n</style><img src=x onerror=alert(1)>\n\n</style>",
    "<svg>\n\n<style><!--\n\n</style><img src=x onerror=alert(1)>-->",
    "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "<math><annotation-xml encoding='text/html'><style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=alert(1)>'>",
    "<!--\n\n--!><img src=x onerror=alert(1)>-->",
    "<!--><img src=x onerror=alert(1)><!-- -->",
    "<!-- a --->\n<img src=x onerror=alert(1)>",
    "<? <img src=x onerror=alert(1)> ?><! <img src=x onerror=alert(1)> >",
    "$<img src=x onerror=alert(1)>$ \\(<img src=x onerror=alert(1)>^\\) $$\n<img src=x onerror=alert(1)>\n$$",
    'https://a.b/<img/src=x/onerror=alert(1)> www.a.b/"onmouseover=alert(1) a@b.c"><img src=x onerror=alert(1)>',
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "<b title='&quot;><img src=x onerror=alert(1)>'>",
    '# a {#x onclick=alert(1)}\n\n# b {#"><img/src=x/onerror=alert(1)>}\n\n# c {#location}',
    "# fn 1 {#fn-1}\n\n<li id=fn-1>x<a id=fnref-1>y</a></li><p id=h-fn-1>x</p>\n\nz[^1]\n\n[^1]: w",
    "<h2 id=h-a>x</h2>\n\n## a\n\n<a id=h-a name=h-a class=user-content>y</a>",
    "<blogapi-more onclick=alert(1) id=x>x</blogapi-more><blogapi-more><!--more-->",
    "<b/onclick=alert(1)/><i\x00onclick=alert(1)><u\tonclick\n=\nalert(1)><a\x0chref=javascript:alert(1)>",
    "<a href=tel:1 onclick=alert(1)>x</a><img src=tel:1><a href='tel:javascript:alert(1)'>",
    "```\"><img/src=x/onerror=alert(1)>\na\n```\n<pre><code class='language-\"><img src=x>'>",
    *(f'<a href="{address}">x</a><img src="{address}" title="{address}">' for address in ADDRESSES),
    *(f"<a href='{address}'>x</a><h1 id='{address}'>x</h1>" for address in ADDRESSES),
]
PIECES = st.sampled_from(
    [
        *HTML,
        *ADDRESSES,
        *"[]()!<>*_`~|#>-:^\\\"'&;=\n \t",
        "[^1]",
        "[^1]: ",
        "](",
        "](<",
        "```",
        "|-|",
        "\x00",
        "\ud800",
    ]
)


@pytest.mark.parametrize("vector", HTML)
def test_html_cannot_carry_a_script(vector):
    assert faults(render(vector, "html").html) == []


@pytest.mark.parametrize("vector", [*ADDRESSES, *HTML])
def test_markdown_cannot_carry_a_script(vector):
    bodies = [frame.replace("{}", vector) for frame in MARKDOWN_FRAMES]
    assert {body: found for body in bodies if (found := faults(render(body, "markdown").html))} == {}
    assert {text: found for text in bodies if (found := faults(render_small(text)))} == {}


@pytest.mark.parametrize(
    "address", ["http://a.b/c", "HTTPS://a.b", "/a", "a/b.html", "../a", "//a.b/c", "?q", "mailto:a@b.cd", "tel:+49123"]
)
@pytest.mark.parametrize("body_format", ["markdown", "html"])
def test_good_links_stay(address, body_format):
    body = f"[a]({address})" if body_format == "markdown" else f'<p><a href="{address}">a</a></p>'
    assert f'<a href="{address}" rel="noopener noreferrer">a</a>' in render(body, body_format).html


def test_mail_address_is_no_image():
    assert render("![a](mailto:a@b.cd)", "markdown").html == '<p><img alt="a"></p>\n'


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(deadline=None)
def test_hostile_pieces_stay_harmless(body):
    assert faults(render(body, "markdown").html) == []
    assert faults(render(body, "html").html) == []
    assert faults(render_small(body)) == []


@given(st.text(st.characters(exclude_categories=()), max_size=300))
@settings(deadline=None)
def test_any_text_is_rendered(body):
    for rendered in (render(body, "markdown"), render(body, "html")):
        rendered.html.encode()
        assert len(rendered.excerpt_auto) <= 300
    render_small(body).encode()


@given(st.lists(PIECES | st.text(max_size=10), max_size=12).map(lambda pieces: "".join(pieces).replace("\ud800", "")))
@settings(deadline=None)
@pytest.mark.parametrize("clean", [clean_post, clean_small])
def test_cleaning_twice_changes_nothing(clean, body):
    once = clean(body)
    assert clean(once) == once
