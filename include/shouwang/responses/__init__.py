"""What townships send back (核查反馈): lists, reports, removals, forms.

In: files from the return folder. Out: answers in the store, cases brought up to date, a receipt for
whoever sent them. Decided here: who sent a file, and which of its rows are taken. Pattern: an
idempotent consumer, keyed by content.
"""
