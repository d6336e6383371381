-- Rows of performance, as one document, to the function that keeps them; the states beside it, as JSON knows
-- no NaN.
SELECT record_performance(array_agg(ROW(
    r.portfolio_id, r.scope, r.strategy_id, r.symbol, r.exchange, r.period, to_timestamp(r.begins_s),
    to_timestamp(r.started_s), to_timestamp(r.through_s), r.total_return, r.sharpe_ratio, r.sharpe_low,
    r.sharpe_high, r.sortino_ratio, r.calmar_ratio, r.volatility, r.max_drawdown, r.win_rate, r.profit_factor,
    r.total_trades, r.wins, r.losses, r.avg_win, r.avg_loss, r.gross_profit, r.gross_loss, r.fills, r.turnover,
    r.fees, r.slippage, r.slippage_bps, r.slippage_fills, r.slippage_notional, r.returns, r.gaps,
    r.lacking, r.reasons, 0, clock_timestamp(), %(method)s,
    (%(states)s::float8[])[(r.place - 1) * %(size)s + 1 : r.place * %(size)s])::performance_analytics),
    %(dirty)s, %(portfolios)s, %(periods)s::performance_period[],
    ARRAY(SELECT to_timestamp(w) FROM unnest(%(windows)s::bigint[]) AS w))
FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
    portfolio_id bigint, scope performance_scope, strategy_id bigint, symbol text, exchange text,
    period performance_period, begins_s bigint, started_s bigint, through_s bigint, total_return float8,
    sharpe_ratio float8, sharpe_low float8, sharpe_high float8, sortino_ratio float8, calmar_ratio float8,
    volatility float8, max_drawdown float8, win_rate float8, profit_factor float8, total_trades bigint, wins bigint,
    losses bigint, avg_win numeric, avg_loss numeric, gross_profit numeric, gross_loss numeric, fills bigint,
    turnover numeric, fees numeric, slippage numeric, slippage_bps float8, slippage_fills bigint,
    slippage_notional numeric, returns bigint, gaps bigint, lacking jsonb, reasons jsonb)) WITH ORDINALITY AS r (
    portfolio_id, scope, strategy_id, symbol, exchange, period, begins_s, started_s, through_s, total_return,
    sharpe_ratio, sharpe_low, sharpe_high, sortino_ratio, calmar_ratio, volatility, max_drawdown, win_rate,
    profit_factor, total_trades, wins, losses, avg_win, avg_loss, gross_profit, gross_loss, fills, turnover, fees,
    slippage, slippage_bps, slippage_fills, slippage_notional, returns, gaps, lacking, reasons, place)
