"""What a portfolio can lose: exposure, value at risk, stress, limits."""
