"""What townships send back (核查反馈): lists, reports, removals, forms.

In: files from the return folders. Out: answers, reports and removals on record, cases brought up to
date, a receipt for whoever sent them; reminders and the supervision list of who sent nothing.
Decided here: who sent a file, and which of its rows are taken. Pattern: an idempotent consumer,
keyed by content.
"""
