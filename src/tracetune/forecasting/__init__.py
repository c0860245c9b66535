"""What to expect of every operation in every minute, from its own past and its load."""
