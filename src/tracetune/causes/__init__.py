"""Causes: from an incident to the services that brought it about, with evidence for and against each."""
