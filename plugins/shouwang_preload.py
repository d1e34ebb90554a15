"""What most tasks need and takes longest to import, up to four seconds each; imported once by
whoever forks tasks.

By the scheduler with LocalExecutor (`shouwang_listener.on_starting`), by Celery's workers before
they fork (``[celery] extra_celery_config`` of the deployment names this module).
"""

from __future__ import annotations

import importlib

for name in (
    "great_expectations",
    "scipy.optimize",
    "shouwang.statistics.papers",
    "shouwang.casework.monthly",
    "shouwang.responses.following",
    "shouwang.release.lists",
    "shouwang.documents.township",
):
    importlib.import_module(name)
