"""Which answers have which name."""

from __future__ import annotations

from collections.abc import Collection, Iterable


class Index:
    """Keys by name. Nearly every name has one key, which stands there without a set around it."""

    def __init__(self) -> None:
        self._keys: dict[str, str | set[str]] = {}

    def add(self, key: str, names: Iterable[str]) -> None:
        """The key has these names, too."""
        for name in names:
            known = self._keys.setdefault(name, key)
            if isinstance(known, set):
                known.add(key)
            elif known != key:
                self._keys[name] = {known, key}

    def remove(self, key: str, names: Iterable[str]) -> None:
        """The key has none of these names any more."""
        for name in names:
            known = self._keys.get(name)
            if isinstance(known, set):
                known.discard(key)
                if known:
                    continue
            elif known != key:
                continue
            del self._keys[name]

    def find(self, name: str) -> Collection[str]:
        """All keys that have the name."""
        known = self._keys.get(name, ())
        return (known,) if isinstance(known, str) else known

    def clear(self) -> None:
        """Forget everything."""
        self._keys.clear()
