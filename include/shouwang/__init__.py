"""Shouwang (守望): notices families about to fall (back) into poverty from five departments'
monthly exports.

The rooms, in the order in which the data pass through them: ``intake`` → ``recognition`` →
``quality`` → ``registry`` → ``matching`` (strung together for a department's month by
``submissions``) → ``screening`` → ``casework`` → ``release`` → ``responses`` → ``statistics``;
``documents`` writes and ``transfer`` sends what leaves; ``store`` keeps what they decide, ``county``
holds what a county edits, ``workspace`` opens one county.
"""

__version__ = "0.1.0"
