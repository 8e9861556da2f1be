"""The command line. Command modules import what is heavy when they run, so that `--help` is there at once."""
