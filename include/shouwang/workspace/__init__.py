"""One county at work (工作区): its configuration, folders, database and keys.

In: the environment (``SHOUWANG_*``). Out: a `Workspace`, which every step opens first. Decided
here: where things lie, on this machine or on another (`remote`), and which counties a deployment
serves.
"""
