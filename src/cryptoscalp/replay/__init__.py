"""Experience replay: a durable prioritized memory in six tiers."""
