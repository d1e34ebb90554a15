"""What every room speaks of: errors, data months, working days, identity numbers, whole files."""
