"""What goes wrong with a twin; each message is one sentence that says what to do."""


class TwinError(Exception):
    """The twin cannot start, or cannot do what was asked."""
