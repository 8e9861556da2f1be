"""Programs that look at a whole server: beside others, under load, amid failures. Each is named after its command."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
