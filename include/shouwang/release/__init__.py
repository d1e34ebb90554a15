"""A month's lists for the townships (审核发布).

In: the cases of a screened month. Out: each township's list, planned, approved by a person and
handed out. Decided here: what a list holds, whether it has gone out, and whether what was approved
is what is sent. Pattern: approval of a fingerprint, then a transactional outbox.
"""
