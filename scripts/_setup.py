"""Makes or updates .venv from the locks in requirements/. Started by scripts/_setup; the standard library only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCKS = {profile: ROOT / "requirements" / f"{profile}.txt" for profile in ("runtime", "dev", "clients")}
# Each lock holds all of the one before it.
COVERS = {"runtime": ("runtime",), "dev": ("runtime", "dev"), "clients": ("runtime", "dev", "clients")}
UNFINISHED = VENV / ".unfinished"
LOG = VENV / "setup.log"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE_PACKAGES = VENV / "lib" / f"python{VERSION}" / "site-packages"


def main(profile: str) -> None:
    if is_ready(profile):
        return
    with (ROOT / "setup.cfg").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another script that sets up .venv.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready(profile):
            set_up(profile, lock.fileno())


def is_ready(profile: str) -> bool:
    mark = VENV / f".ready-{profile}"
    return mark.exists() and mark.read_text() == fingerprint(profile)


def fingerprint(profile: str) -> str:
    content = b"\0".join((LOCKS[profile].read_bytes(), (ROOT / "setup.cfg").read_bytes()))
    return f"{VERSION} {platform.machine()} {hashlib.sha256(content).hexdigest()}\n"


def set_up(profile: str, lock: int) -> None:
    began = time.monotonic()
    say(f"Setting up .venv with Python {VERSION}, from the package registry; this takes a minute.")
    if UNFINISHED.exists() or not is_usable():
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    # Whoever finds this mark knows that an installation was broken off, maybe in the middle of a package.
    UNFINISHED.touch()
    for covered in COVERS[profile]:
        (VENV / f".ready-{covered}").unlink(missing_ok=True)
    if not is_usable():
        python = getattr(sys, "_base_executable", "") or sys.executable
        run([python, "-I", "-m", "venv", str(VENV)], lock)
    install(LOCKS[profile], lock)
    # Instead of an editable installation, which would need a build backend. Relative, so that the folder can move.
    (SITE_PACKAGES / "blogapi.pth").write_text(os.path.relpath(ROOT, SITE_PACKAGES) + "\n")
    for covered in COVERS[profile]:
        (VENV / f".ready-{covered}").write_text(fingerprint(covered))
    UNFINISHED.unlink()
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def is_usable() -> bool:
    return (SITE_PACKAGES / "pip").is_dir() and os.access(VENV / "bin" / "python", os.X_OK)


def install(requirements: Path, lock: int) -> None:
    total = sum(1 for line in requirements.read_text().splitlines() if line and not line.startswith("#"))
    command = [str(VENV / "bin" / "python"), "-I", "-m", "pip", "install", "--no-deps", "--no-input", "--no-compile"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--requirement", str(requirements)]
    run(command, lock, total)


def run(command: list[str], lock: int, total: int = 0) -> None:
    """Run it with its output in the log; on failure say the line that tells why, and end."""
    said: list[str] = []
    # It inherits the lock, so that nobody else begins while it still runs should this process be killed.
    with (
        LOG.open("a", buffering=1) as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"},
            pass_fds=[lock],
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            log.write(line)
            said.append(line.strip())
            show_progress(said, total)
    if process.returncode:
        if total and not is_installing(said):
            UNFINISHED.unlink()  # it failed before it changed anything
        raise SystemExit(f"blogapi: setting up .venv failed: {decisive(said)} (All of it: {LOG})")


def is_installing(said: list[str]) -> bool:
    return any(line.startswith("Installing collected packages") for line in said)


def show_progress(said: list[str], total: int) -> None:
    if not sys.stderr.isatty():
        return
    count = sum(1 for line in said if line.startswith(("Collecting ", "Requirement already satisfied")))
    text = "installing" if is_installing(said) else f"{count} of {total} packages"
    print(f"\r\033[K  {text}", end="", file=sys.stderr, flush=True)


def decisive(said: list[str]) -> str:
    if any("connection broken" in line for line in said):
        return "the package registry cannot be reached."
    errors = [line for line in said if line.startswith(("ERROR:", "Error:", "error:"))]
    return (errors or [line for line in said if line] or ["it was killed."])[-1]


def say(text: str) -> None:
    start = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{start}{text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as error:
        raise SystemExit(f"blogapi: setting up .venv failed: {error}") from None
