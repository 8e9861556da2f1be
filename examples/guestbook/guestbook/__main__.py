"""`python -m guestbook`: the blog with a guestbook. All commands of blogapi, and those of the guestbook."""

from __future__ import annotations

from blogapi.cli.main import make_main
from blogapi.features import FEATURES
from guestbook.feature import GUESTBOOK

main = make_main("guestbook", features=(*FEATURES, GUESTBOOK))

if __name__ == "__main__":
    main()
