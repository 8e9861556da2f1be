"""Clients that are generated from the document compile strictly and do what the README's session does."""

import sys

from .conftest import PACKAGES, run, snippet

STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes")
MODULES = ("--module", "esnext", "--moduleResolution", "bundler", "--target", "es2023")


async def test_typescript_client_compiles_strictly_and_writes_and_reads_a_post(blog, build):
    generate, compile_ = PACKAGES / "openapi-typescript" / "bin" / "cli.js", PACKAGES / "typescript" / "bin" / "tsc"
    await run("node", generate, "openapi.json", "-o", "api.d.ts")
    (build / "session.ts").write_text(snippet("ts"), "utf-8")
    await run("node", compile_, *STRICT, *MODULES, "--types", "node", "session.ts", "api.d.ts")
    said = await run("node", "session.js", API=blog.address)
    assert "Hello, world: revision 1" in said
    assert "stale" in said
    assert "Hello, world (first-words)" in said


async def test_python_client_compiles_strictly_and_writes_and_reads_a_post(blog, build):
    (build / "generator.yaml").write_text(snippet("yaml"), "utf-8")
    said = await run(
        *("openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none"),
        *("--output-path", "blog_client", "--config", "generator.yaml", "--fail-on-warning"),
    )
    assert "unable" not in said.lower()
    (build / "session.py").write_text(snippet("python"), "utf-8")
    strict = ("--strict", "--explicit-package-bases", "--config-file", "")
    await run(sys.executable, "-m", "mypy", *strict, "session.py", "blog_client", MYPYPATH=str(build))
    said = await run(sys.executable, "session.py", API=blog.address, PYTHONPATH=str(build))
    assert "('Hello, world', ['first-words'])" in said
