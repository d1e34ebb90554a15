"""Documents (文书): what was decided becomes papers that people print, fill in and send back.

Handbook sections 5, 8 and 9. In: frames of `casework` (clues, details), the counts of `quality` and
`matching`, and a frozen dataclass a paper that says for whom and when. Out: xlsx files, byte for
byte the same for the same input; and, from a form that a township filled in, a frame of what it
found.

Decided here: how a paper looks, what it may show (no identity number, no diagnosis, no account),
what may be filled in and what an answer needs to be complete. Not decided here: which households
are on a list, and what an answer changes. There is no database in this room.
"""
