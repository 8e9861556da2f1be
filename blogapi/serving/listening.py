"""The socket on which a server listens: taken before there is anybody to serve on it."""

from __future__ import annotations

import errno
import socket
import time

from blogapi.config import ServerConfig, variable
from blogapi.errors import ConfigError, NotYet
from blogapi.serving.patience import Patience

BACKLOG = 1024


def take_address(settings: ServerConfig, patience: Patience) -> socket.socket:
    """A socket on the configured address; nobody is heard on it yet.

    Blocks. Raises ConfigError when it cannot be had, NotYet when others do not let go of it while there is patience.
    """
    while True:
        try:
            return listen_on("server", settings.host, settings.port)
        except NotYet as missing:
            time.sleep(patience.pause_after(missing))


def listen_on(section: str, host: str, port: int) -> socket.socket:
    """A socket on an address of a section of the configuration.

    Raises ConfigError when it cannot be had, NotYet when others have it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, port, family)
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise NotYet(f"{section}.host: {host} does not resolve yet ({error.strerror}).") from None
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(
                f"{section}.host: {host} is not this machine ({error.strerror}). "
                "Set one of its addresses, such as 127.0.0.1, or 0.0.0.0 for all of them "
                f"({variable(f'{section}.host')})."
            ) from None
        kind = NotYet if error.errno == errno.EADDRINUSE else ConfigError
        raise kind(
            f"{section}.port: cannot listen on {host}:{port} ({error.strerror}). "
            f"Stop what listens there or set another port ({variable(f'{section}.port')}; 0 takes a free one)."
        ) from None
