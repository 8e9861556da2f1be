"""A task of the tests: it does to its process what it is asked to."""

import os
import re
import signal


def answer(question: bytes) -> bytes:
    match question:
        case b"pid":
            return str(os.getpid()).encode()
        case b"environment":
            return " ".join(os.environ).encode()
        case b"hang":
            signal.pause()
        case b"spin":
            while True:
                pass
        case b"spin in native code":
            re.match(r"(a+)+b", "a" * 64)
        case b"die":
            os._exit(3)
        case b"fail":
            raise ValueError("what is wrong")
    return question
