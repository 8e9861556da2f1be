"""Pure functions on text: Markdown and HTML to safe HTML, excerpts, counts, slugs. Nothing in here does I/O,

but for `renderer`, which has texts rendered by other processes.
"""
