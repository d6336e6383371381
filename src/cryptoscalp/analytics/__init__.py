"""Performance of portfolios, strategies and symbols."""
