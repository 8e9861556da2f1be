import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import mdurl._encode
import pytest

from blogapi.text import markdown
from blogapi.text.rendering import render

BLOG = Path(__file__).parent.parent / "data" / "rust-blog"
THREADS = 8


@pytest.fixture
def hasty_threads():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def bodies():
    own = [
        f"# Number {n}\n\n[a](/é{n}) [b][c{n}] d[^{n}]\n\n[c{n}]: /{n}\n\n[^{n}]: e{n}\n\n- [x] f{n}" for n in range(40)
    ]
    return [*own, *(path.read_text() for path in sorted(BLOG.glob("Rust-*.md")))]


@pytest.mark.usefixtures("hasty_threads")
def test_texts_rendered_at_once_do_not_mix():
    with ThreadPoolExecutor(THREADS) as threads:
        at_once = list(threads.map(lambda body: render(body, "markdown"), bodies()))
    assert at_once == [render(body, "markdown") for body in bodies()]


@pytest.mark.usefixtures("hasty_threads")
def test_first_text_may_come_from_several_threads():
    body = "# a\n\n> - b [c](/é)\n\n|d|\n|-|\n\ne[^1]\n\n[^1]: f"
    expected = render(body, "markdown")
    for _ in range(5):
        markdown._build.cache_clear()
        mdurl._encode.encode_cache.clear()
        start = Barrier(THREADS)

        def first(start=start):
            start.wait()
            return render(body, "markdown")

        with ThreadPoolExecutor(THREADS) as threads:
            found = [future.result() for future in [threads.submit(first) for _ in range(THREADS)]]
        assert found == [expected] * THREADS
        assert markdown._build.cache_info().misses == 1
