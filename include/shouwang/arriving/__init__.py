"""What departments hand over: found in the inbox, kept as it came, put in place, answered with a
receipt."""
