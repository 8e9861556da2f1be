"""A second opinion on HTML: what a browser would do with it, judged without the sanitiser's own lists."""

import re
from html.parser import HTMLParser

HARMLESS_TAGS = frozenset((
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section",
    "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
    "tr", "u", "ul", "var", "wbr",
))  # fmt: skip
HARMLESS_ATTRIBUTES = frozenset((
    "align", "alt", "checked", "class", "colspan", "datetime", "dir", "disabled", "headers", "height", "href",
    "id", "lang", "open", "rel", "reversed", "rowspan", "scope", "span", "src", "start", "title", "type", "value",
    "width",
))  # fmt: skip
SCHEMES = {"href": ("http", "https", "mailto", "tel"), "src": ("http", "https")}


class _Judge(HTMLParser):
    def __init__(self):
        super().__init__()
        self.faults = []
        self.ids = []

    def handle_starttag(self, tag, attrs):
        if tag not in HARMLESS_TAGS:
            self.faults.append(f"<{tag}>")
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag == "input" and not {"type": "checkbox", "disabled": ""}.items() <= dict(attrs).items():
            self.faults.append("an input that is more than a box")
        if tag == "a" and "noopener" not in dict(attrs).get("rel", ""):
            self.faults.append("a link without rel")
        for name, value in attrs:
            self.judge(tag, name, value or "")

    def judge(self, tag, name, value):
        if name not in HARMLESS_ATTRIBUTES:
            self.faults.append(f"<{tag} {name}>")
        if name in SCHEMES:
            # A browser drops control characters and spaces before it looks for the scheme.
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", value), re.IGNORECASE)
            if scheme and scheme[1].lower() not in SCHEMES[name]:
                self.faults.append(f"<{tag} {name}={value!r}>")
        if name == "id":
            self.ids.append(value)
            if not re.fullmatch(r"h-[a-z0-9-]+|fn(ref)?-[0-9]+(:[0-9]+)?", value):
                self.faults.append(f"id {value!r}")
        if name == "class" and not re.fullmatch(
            r"(language-[\w+#.-]+|footnote\S*|contains-task-list|task-list-\S+| )+", value
        ):
            self.faults.append(f"class {value!r}")

    def handle_comment(self, data):
        self.faults.append("a comment")

    def handle_decl(self, decl):
        self.faults.append("a declaration")

    def unknown_decl(self, data):
        self.faults.append("a declaration")

    def handle_pi(self, data):
        self.faults.append("an instruction")


def faults(html):
    """What is wrong with it."""
    judge = _Judge()
    judge.feed(html)
    judge.close()
    if len(set(judge.ids)) < len(judge.ids):
        judge.faults.append("an id twice")
    return judge.faults
