"""A paper on its way out: written whole into the outbox, sealed for its township, and put down to be sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from shouwang import passwords
from shouwang.delivery.sealing import sealed
from shouwang.dispatching import prepare, was_sent
from shouwang.house import House
from shouwang.month import Month
from shouwang.staging import whole_file


def hand_out(
    connection: Connection,
    house: House,
    month: Month,
    township: str,
    name: str,
    by: str,
    write: Callable[[Path], None],
    public: bool = False,
) -> bool:
    """Write a township's paper and prepare its sending; whether a password was made for it, to be told by a person.

    One of that name that has been sent stays as it is. ``public`` papers are for everybody's eyes and stay open. Nothing
    leaves the house here: see `dispatching.send`.
    """
    path, fresh = house.lists_of(month, township) / name, False
    if was_sent(connection, house, path):
        return fresh
    with whole_file(path) as part:
        write(part)
        if house.county.settings.delivery.encrypt and not public:
            password, fresh = passwords.current(house, township)
            part.write_bytes(sealed(part.read_bytes(), password))
    prepare(connection, house, path, month, township, by)
    return fresh
