"""A made-up county (示例县): registry, departments' exports with honest dirt, and the truth about
every row.

Comes in: a seed, a number of households, the months. Goes out: ``registry/``,
``inbox/<month>/<department>/`` and ``truth/`` below one folder. Decided here: who lives in the
county (`people`), what the departments recorded (`medical`, `ledgers`), what went wrong when it was
written down and what a careful clerk could still make of it (`dirt`, `damage`, `census`), and how a
file looks (`layouts`, `writing`). What the rules make of it is said nowhere here. Nobody in it
exists: the names are drawn from lists and the division codes 532999, 513999 and 530999 belong to no
place.

Beside it ``python -m demo`` takes a month of that county through a real Airflow (`month`).
"""

from demo.county import DemoCounty, make_county

__all__ = ["DemoCounty", "make_county"]
