"""Documents (文书): what was decided becomes papers that people print, fill in and send back.

Handbook sections 5, 8 and 9. In: frames and values, and a frozen dataclass a paper that says for
whom and when. Out: workbooks and the bulletin, byte for byte the same for the same input.

How a paper looks and what it says around the values is a county's template (in
``include/county/templates``, or ``templates/`` of its own folder), filled by `filling`; what it
may show (no identity number, no diagnosis, no account) and what a template can ask for is decided
here (``papers.yaml``). Not decided here: which households are on a list, and what an answer
changes. There is no database in this room. Pattern: template.
"""
