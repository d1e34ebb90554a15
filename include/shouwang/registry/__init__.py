"""Registry (农户信息): households and people as of any month; a slowly changing dimension.

In: one file, a row a person, as of a month. Out: the ``people`` frame of any month from the first
load on. Decided here: who a person is from one load to the next, and from when until when each
statement about them holds.
"""
