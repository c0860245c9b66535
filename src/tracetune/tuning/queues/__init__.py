"""What calls tell of the queues that they met: the model of a system, and its traces run again under it."""
