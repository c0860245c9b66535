"""Tuning: what each service needs for the load to come, and which limits its connections should have."""
