"""What is shown to the user in words alone."""

from dissent.core.words import printable


class UserError(ValueError):
    """A mistake the user can mend: the message names the file, the value and the remedy; shown without traceback.

    Cells and names of a person's files may be in it, so control characters are shown as codes.
    """

    def __str__(self) -> str:
        return "\n".join(map(printable, super().__str__().split("\n")))
