"""Casework (线索台账): warnings and what townships answered → one open case a household.

In: the warnings and signals of every screened month, what was released, and the feedback. Out: the
ledger (cases and their history) and, for each warning, whether it is new, repeated or a supplement.
The ledger is not edited but replayed from those facts, so that the same facts in any order of
arrival give the same ledger.
"""
