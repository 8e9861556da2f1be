"""`python -m blogapi`: the command line."""

import sys

try:
    from blogapi.cli.main import main
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] == "blogapi":
        raise
    cure = "In a clone run scripts/serve, which sets up .venv, and then .venv/bin/python -m blogapi"
    sys.stderr.write(f"blogapi: {sys.executable} has no module {error.name}. {cure}; elsewhere pip installs it.\n")
    raise SystemExit(78) from None

if __name__ == "__main__":
    main(prog_name="blogapi")
