"""Writes docs/reference/api.md and errors.md. Started by scripts/docs."""

from pathlib import Path

from aiohttp import web

from blogapi import __version__
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.openapi.document import build_document, documented_routes
from blogapi.openapi.reference import api_page, errors_page
from blogapi.web.routes import add_routes

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def main() -> None:
    app = web.Application()
    add_routes(app, routes_of(FEATURES))
    document = build_document(documented_routes(app), public_url="/", version=__version__)
    for name, text in (("api.md", api_page(document)), ("errors.md", errors_page())):
        (REFERENCE / name).write_text(text, "utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
