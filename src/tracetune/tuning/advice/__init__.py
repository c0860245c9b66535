"""What to set: a file for each knob, and all of it in order."""
