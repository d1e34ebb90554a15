"""What a month's work amounts to, for those who answer for it (统计).

In: what the database holds. Out: the bulletin's counts, text and charts without personal data; what
became of a department's rows; what of the registry does not fit together. Decided here: what is
counted, and how often.
"""
