"""Bodies to safe HTML, and what goes with it: excerpt, counts, table of contents."""

from html import escape

from blogapi.text import html_body, markdown
from blogapi.text.markup import TooComplex, visible_text, without_comments
from blogapi.text.rendered import BodyFormat, Rendered, TocEntry
from blogapi.text.sanitizer import clean_post, clean_small
from blogapi.text.transcript import Transcript

__all__ = ["MAX_HTML_BYTES", "BodyFormat", "Rendered", "TocEntry", "render", "render_small"]

# A document in MongoDB has 16 MiB, and a post keeps body and HTML twice. The HTML of real posts is at most a few times
# as long as the body.
MAX_HTML_BYTES = 4 * 1024 * 1024


def render(body: str, body_format: BodyFormat) -> Rendered:
    """Render any text of a post; never fails. One that is too complex to be meant is shown as it was typed."""
    body = _well_formed(body)
    try:
        html, transcript = html_body.to_html(body) if body_format == "html" else _markdown_post(body)
        if len(html) > MAX_HTML_BYTES // 4 and len(html.encode()) > MAX_HTML_BYTES:
            raise TooComplex
    except TooComplex:
        html, transcript = _plain_post(visible_text(body) if body_format == "html" else without_comments(body))
    word_count, reading_minutes = transcript.count()
    return Rendered(
        html=html,
        excerpt_auto=transcript.excerpt(),
        word_count=word_count,
        reading_minutes=reading_minutes,
        toc=tuple(transcript.toc),
    )


def render_small(text: str) -> str:
    """Render the Markdown of bios and comments: paragraphs, emphasis, links, code, lists. Never fails."""
    text = _well_formed(text)
    try:
        return clean_small(markdown.small_to_html(text))
    except TooComplex:
        return clean_small(_preformatted(without_comments(text)))


def _markdown_post(body: str) -> tuple[str, Transcript]:
    return html_body.finish(markdown.post_to_html(body))


def _plain_post(text: str) -> tuple[str, Transcript]:
    transcript = Transcript()
    transcript.prose.append(text)
    return clean_post(_preformatted(text)), transcript


def _preformatted(text: str) -> str:
    # The line break after the tag is dropped by whoever parses it; without it, one of the text's own would be.
    return f"<pre>\n{escape(text, quote=False)}</pre>"


def _well_formed(text: str) -> str:
    # A surrogate without its partner is no character and cannot be stored or sanitised.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
