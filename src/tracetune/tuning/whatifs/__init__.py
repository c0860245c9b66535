"""What would be at another load or with other replicas, when that cannot be said, and histories lived again."""
