"""Quality (校验): a reading → accepted, rejected and duplicate rows, with the reason for each that
is not accepted.

In: a reading and the dataset's Great Expectations suite. Out: a verdict for every row. Decided
here: what is acceptable, and whether the file as a whole is (the file gate). Nothing is dropped:
every row gets one verdict.
"""
