-- performance
-- Performance with names instead of ids, for reading and for dashboards.
CREATE OR REPLACE VIEW performance AS
SELECT f.name AS portfolio, s.name AS strategy, a.symbol, a.exchange, a.scope, a.period, a.timestamp, a.started_at,
       a.through, a.total_return, a.sharpe_ratio, a.sharpe_low, a.sharpe_high, a.sortino_ratio, a.calmar_ratio,
       a.volatility, a.max_drawdown, a.win_rate, a.profit_factor, a.total_trades, a.wins, a.losses, a.avg_win,
       a.avg_loss, a.gross_profit, a.gross_loss, a.fills, a.turnover, a.fees, a.slippage, a.slippage_bps,
       a.slippage_fills, a.returns, a.gaps, a.lacking, a.reasons, a.revision, a.computed_at, a.method,
       f.base_currency, a.portfolio_id, a.strategy_id
FROM performance_analytics AS a
JOIN portfolios AS f ON f.portfolio_id = a.portfolio_id
LEFT JOIN strategies AS s ON s.strategy_id = a.strategy_id;
COMMENT ON VIEW performance IS 'Performance by window, with the names of portfolio and strategy.';
