"""From what was expected and what was seen to anomalies, and from anomalies to incidents."""
