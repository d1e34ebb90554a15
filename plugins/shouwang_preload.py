"""What most tasks need and takes longest to import, up to four seconds each; imported once by
whoever forks tasks.

By the scheduler with LocalExecutor (`shouwang_listener.on_starting`), by Celery's workers before
they fork (``[celery] extra_celery_config`` of the deployment names this module).
"""

from __future__ import annotations

import importlib

for name in (
    "great_expectations",
    "shouwang.papers",
    "shouwang.steps",
    "shouwang.townships.releasing",
    "shouwang.delivery.township",
):
    importlib.import_module(name)
