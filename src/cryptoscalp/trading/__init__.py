"""Trading books: portfolios, strategies, orders, positions, trades, cash and P&L."""
