"""What every command begins with: the configuration, and where its database is. Imports little, for a quick start."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from blogapi.cli.invocation import Invocation
from blogapi.config import Config, load_config, variable
from blogapi.errors import NotYet
from blogapi.serving.patience import Patience


def variables(options: Mapping[str, object]) -> dict[str, str]:
    """Options of a command as the environment variables that they count like: `server__port`: BLOGAPI_SERVER__PORT."""
    return {variable(key.replace("__", ".")): str(value) for key, value in options.items() if value is not None}


def read_config(invocation: Invocation, **options: object) -> Config:
    """The configuration; makes nothing. An option that is given counts like its variable. Raises ConfigError."""
    environ = {**os.environ, **variables({"data": invocation.data, **options})}
    return load_config(invocation.config, environ, invocation.sections)


@contextmanager
def database_url(config: Config, patience: Patience | None = None) -> Iterator[str]:
    """Where the database is. Starts the embedded one unless it runs; enter and leave it outside of an event loop.

    Raises ConfigError, and NotYet when it does not come while there is patience, of which there is none by default.
    """
    if config.mongo.url:
        yield config.mongo.url
        return
    from blogapi.db.embedded.mongod import embedded_mongo

    patience = patience or Patience(0)
    with ExitStack() as stack:
        while True:
            try:
                mongo = stack.enter_context(embedded_mongo(config.mongo.data_dir, mongod=config.mongo.mongod))
                break
            except NotYet as missing:
                time.sleep(patience.pause_after(missing))
        yield mongo.url
