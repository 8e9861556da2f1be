"""`python -m blogapi`: the command line."""

from blogapi.cli.main import main

if __name__ == "__main__":
    main(prog_name="blogapi")
