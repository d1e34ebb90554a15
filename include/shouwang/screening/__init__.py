"""Screening (部门筛查预警): matched rows of the departments become signals, and signals become
warnings of households. The pattern is rules as data.

In: a rule book (``include/county/rules.yaml`` and ``parameters.yaml``), a data month, the matched
rows in force for it and the months before, and the people registered as of it. Out: signals (one a
rule and unit of account), warnings (one a household, with level, category and measures), and the
parameter values that were used. Decided here: which rows are evidence for which rule, and how
urgent a household is. Nothing is read or written but the rule book; what was sent out before, and
what the townships answered, is the business of casework.

``rules`` and ``conditions`` say what can stand in the files, ``rulebook`` loads them, ``checking``
holds them against themselves and the contracts, ``explaining`` tells them in Chinese;
``evaluate.screen`` applies them: ``evidence`` → ``signals`` (``comparing``) → ``grading``.
``recorded`` reads and keeps a month in the database, ``trials`` tries changed rules on past months,
``hit_rates`` says what became of a rule's clues.
"""
