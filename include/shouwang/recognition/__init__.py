"""Recognition (认列): which column of a sheet is which, and what a coded value means, by evidence
(handbook section 3).

In: a sheet as the reader opened it, a contract, the registry (asked for only where words do not
settle it) and what clerks have answered before. Out: a `Header`: where the table begins, for each
canonical column the chosen cell column with how sure that is and why, and `Question`s for required
columns that stay open. Decided here: layout and meaning of columns. Not decided here: what a cell
says (``intake.cells``), whether a row is acceptable (``quality``).

The pattern is record linkage of columns: candidates scored by wording and by cells, assigned
together, and left to a person where two could serve.
"""
