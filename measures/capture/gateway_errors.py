"""What can go wrong while a message is handed over. None of them holds an address or a text."""


class Unreachable(Exception):
    """The gateway cannot be reached, or takes nothing at all: nothing went out."""


class AddressRefused(Exception):
    """There is nobody at this address, and there will not be."""


class NotTaken(Exception):
    """This message was not taken, and did not go out."""

    def __init__(self, *, for_now: bool) -> None:
        super().__init__("Not taken.")
        self.for_now = for_now
