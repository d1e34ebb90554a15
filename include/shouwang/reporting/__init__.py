"""What a month's work amounts to, for those who answer for it (统计).

In: what the database holds. Out: tables of counts without personal data. Decided here: nothing.
"""
