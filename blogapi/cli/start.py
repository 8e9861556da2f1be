"""What every command begins with: the configuration, and where its database is. Imports little, for a quick start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from blogapi.cli.invocation import Invocation
from blogapi.config import Config, load_config, variable


def variables(options: Mapping[str, object]) -> dict[str, str]:
    """Options of a command as the environment variables that they count like: `server__port`: BLOGAPI_SERVER__PORT."""
    return {variable(key.replace("__", ".")): str(value) for key, value in options.items() if value is not None}


def read_config(invocation: Invocation, **options: object) -> Config:
    """The configuration; makes nothing. An option that is given counts like its variable. Raises ConfigError."""
    environ = {**os.environ, **variables({"data": invocation.data, **options})}
    return load_config(invocation.config, environ, invocation.sections)


@contextmanager
def database_url(config: Config) -> Iterator[str]:
    """Where the database is. Starts the embedded one unless it runs; enter and leave it outside of an event loop."""
    if config.mongo.url:
        yield config.mongo.url
    else:
        from blogapi.db.embedded.mongod import embedded_mongo

        with embedded_mongo(config.mongo.data_dir, mongod=config.mongo.mongod) as mongo:
            yield mongo.url
