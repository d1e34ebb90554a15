"""``python -m shouwang.cli …`` is ``shouwang …``."""

from shouwang.cli.app import main

main()
