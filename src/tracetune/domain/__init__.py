"""Frozen values that the stages exchange; numpy and pyarrow only."""
