"""The command line, ``shouwang …``: one module a group of commands, put together by ``app``.

In: words. Out: a room's result as a table or JSON, and an exit status. Nothing is decided here.
"""
