"""Shouwang (守望): notices families about to fall (back) into poverty from five departments'
monthly exports.

The rooms, in the order in which the data pass through them: ``intake`` → ``quality`` → ``registry``
→ ``matching`` → ``screening`` → ``casework`` → ``delivery`` → ``reporting``; ``store`` keeps what
they decide, ``county`` holds what a county edits, ``steps`` strings them together for the command
line and for Airflow alike.
"""

__version__ = "0.1.0"
