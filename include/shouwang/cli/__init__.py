"""The command line, ``shouwang …``: what the scheduler does, by hand.

In: words. Out: a room's result, as JSON or by its message (``messages.yaml``); an exit status.
A command is a declaration (``terminal.command``): options, the room's function, the keys of the
result that mean failure. Nothing is decided here. Rooms are imported when a command runs.
"""
