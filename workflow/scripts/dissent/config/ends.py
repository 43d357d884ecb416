"""What the names of a data set's images, or of its masks, begin and end with beside what both have in common."""

from typing import NamedTuple


class Ends(NamedTuple):
    """A beginning and an end of names of files, without extension."""

    prefix: str = ""
    suffix: str = ""
    match_case: bool = True

    def __bool__(self) -> bool:
        return bool(self.prefix or self.suffix)

    def on(self, name: str) -> bool:
        """Whether a name has both."""
        text, (prefix, suffix) = self._case(name), map(self._case, self[:2])
        return text.startswith(prefix) and text.endswith(suffix)

    def around(self, name: str) -> bool:
        """Whether a name has both, and something between them."""
        return self.on(name) and len(name) > len(self.prefix) + len(self.suffix)

    def off(self, key: str) -> str:
        """A path without extension, and without them where it has them around something."""
        head, slash, name = key.rpartition("/")
        if not self.around(name):
            return key
        return head + slash + name[len(self.prefix) : len(name) - len(self.suffix)]

    @property
    def told(self) -> str:
        """What to say of a name that lacks them."""
        return " and ".join(
            [f"begin with `{self.prefix}`"] * bool(self.prefix) + [f"end with `{self.suffix}`"] * bool(self.suffix)
        )

    def _case(self, text: str) -> str:
        return text if self.match_case else text.casefold()


NONE = Ends()
