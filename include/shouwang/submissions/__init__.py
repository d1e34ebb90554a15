"""What a department hands over (报送), from the inbox to the store.

In: the files of a department and month, or a receipt that it corrected. Out: a version in force,
its rows matched, its receipt; or a question that holds it. Decided here: what is new, which version
is in force, what waits for an answer. Patterns: a content-addressed raw store (``vault``), and a
fingerprint of the content as idempotency key.
"""
