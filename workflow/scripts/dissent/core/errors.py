"""What is shown to the user in words alone."""


class UserError(ValueError):
    """A mistake the user can mend: the message names the file, the value and the remedy; shown without traceback."""
