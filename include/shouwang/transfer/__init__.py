"""Documents on their way (送达): sealed for whom they are, put down, sent once, fetched.

In: a document and whom it is for. Out: a file in the outbox or on a channel, and the record of it.
Decided here: passwords, and whether something was sent. Pattern: a transactional outbox.
"""
