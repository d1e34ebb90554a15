"""Intake (接收): a department's files → their sheets, each row with its file, sheet and number.

In: the files of one department and month. Out: sheets, column by column, each opened in a process
of its own. Decided here: whether a file can be opened, what a cell says. Not decided here: which
lines are data and which column is which (``recognition``), whether a row is acceptable
(``quality``).
"""
