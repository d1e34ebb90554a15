"""Intake (接收): a department's files → one reading, a frame in which every row keeps file, sheet
and row.

In: the files of one department and month, and its contract. Out: the reading (canonical columns,
cleaned), the cells of every row as the department wrote them, and a report of how the headers were
understood. Decided here: which lines are data, which column is which, what a cell says. Not decided
here: whether a row is acceptable (``quality``).
"""
