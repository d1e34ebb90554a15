"""What a county edits (``include/county``), read through pydantic models whose errors name file,
key and remedy.

``county.yaml`` is the county itself; ``departments/*.yaml`` are the contracts, one a department;
``registry.yaml`` is the contract of the household registry; ``wordings.yaml`` holds the header
wordings that departments share. ``rules.yaml`` belongs to the screening room.
"""
