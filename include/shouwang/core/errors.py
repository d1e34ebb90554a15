"""The product's own errors: sentences for the person who must act.

Every message says what happened, where (file, sheet, row, column or key), what was expected and
what to do. None of them ever carries a person's name, number or phone.
"""

import difflib
from collections.abc import Iterable


class ShouwangError(Exception):
    """Something a person has to act on; the text is the whole message."""


class UsageError(ShouwangError):
    """The command was called with words that cannot be meant (exit status 2)."""


def unknown(what: str, asked: str, known: Iterable[str], none: str = "") -> UsageError:
    """Nothing is called so: names it, what may be meant, and what there is; ``none``: what to do
    where there is nothing."""
    names = [*known]
    near = difflib.get_close_matches(asked, names, 1, 0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    listed = f"There are: {', '.join(names)}." if names else none
    return UsageError(f"There is no {what} “{asked}”.{meant} {listed}")


class ConfigError(ShouwangError):
    """A file under ``include/county`` or ``expectations`` is wrong; names file, key and remedy."""


class FileRefused(ShouwangError):
    """A department's file cannot be taken as a whole; the older version of that month stays in
    force.

    ``code`` is the reason's code in the error catalogue (``unreadable``, ``missing_column``,
    ``no_rows``, ``too_many_rejected``, …).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RowsLost(ShouwangError):
    """A step did not account for every row it was given (decision 3: nothing is dropped
    silently)."""


class NotThereYet(ShouwangError):
    """Something an earlier step makes is missing: the database, a registry as of that month, a
    screened month."""


class Unreachable(ShouwangError):
    """Another machine is away, refuses us, or is not the one it should be; trying again later may
    help."""


class Busy(ShouwangError):
    """Another process does the same work and is not done yet; trying again later helps."""


class MachineFault(ShouwangError):
    """This machine cannot read or write what is its own (permission, disk, too many open files);
    tried again.

    Never a department's fault: nothing is refused, and no receipt is written.
    """


def machine_fault(error: OSError) -> MachineFault:
    """The fault behind an operating system's error; names no file, for a file's name may be a
    person's."""
    return MachineFault(
        "A file cannot be read or written on this machine "
        f"({error.strerror or type(error).__name__}). Nothing was refused or sent; look at disk, "
        "permissions and open files, then try again."
    )


class TrailBroken(ShouwangError):
    """The audit trail was tampered with; nothing that it has to record may go on as if it had
    not."""
