"""Casework (线索台账): warnings and what townships answered → one open case a household.

In: the warnings and signals of every screened month, the lists that went out, and the responses.
Out: the ledger (cases and their history) and, for each warning, whether it is new, repeated or a
supplement. Decided here: what joins a case, what is sent again, what stays silent, who is overdue.
Pattern: event sourcing. The ledger is never edited but a fold over events (`events`, `folding`), so
that the same events in any order of arrival give the same ledger; `states` is its table.
"""
