-- record_performance
-- Stores rows of performance, each whole. Where history changed from p_dirty on, rows that had taken it in
-- count one revision more, and scopes that the windows no longer have are dropped from them: p_periods and
-- p_windows name those that were reckoned from their beginning, p_portfolios whose they are.
CREATE OR REPLACE FUNCTION record_performance(
    p_rows performance_analytics[], p_dirty timestamptz DEFAULT NULL, p_portfolios bigint[] DEFAULT '{}',
    p_periods performance_period[] DEFAULT '{}', p_windows timestamptz[] DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    stored bigint;
BEGIN
    IF cardinality(p_windows) > 0 THEN
        DELETE FROM performance_analytics AS a USING unnest(p_periods, p_windows) AS w (period, begins)
        WHERE a.portfolio_id = ANY (p_portfolios) AND a.period = w.period AND a.timestamp = w.begins
          AND a.scope <> 'PORTFOLIO'
          AND (a.portfolio_id, a.period, a.timestamp, a.scope, coalesce(a.strategy_id, 0), coalesce(a.symbol, ''),
               coalesce(a.exchange, ''))
              NOT IN (SELECT r.portfolio_id, r.period, r.timestamp, r.scope, coalesce(r.strategy_id, 0),
                             coalesce(r.symbol, ''), coalesce(r.exchange, '') FROM unnest(p_rows) AS r);
    END IF;
    INSERT INTO performance_analytics AS held SELECT r.* FROM unnest(p_rows) AS r
    ON CONFLICT (portfolio_id, period, timestamp, scope, strategy_id, symbol, exchange) DO UPDATE SET
        started_at = excluded.started_at, through = excluded.through, total_return = excluded.total_return,
        sharpe_ratio = excluded.sharpe_ratio, sharpe_low = excluded.sharpe_low, sharpe_high = excluded.sharpe_high,
        sortino_ratio = excluded.sortino_ratio, calmar_ratio = excluded.calmar_ratio,
        volatility = excluded.volatility, max_drawdown = excluded.max_drawdown, win_rate = excluded.win_rate,
        profit_factor = excluded.profit_factor, total_trades = excluded.total_trades, wins = excluded.wins,
        losses = excluded.losses, avg_win = excluded.avg_win, avg_loss = excluded.avg_loss,
        gross_profit = excluded.gross_profit, gross_loss = excluded.gross_loss, fills = excluded.fills,
        turnover = excluded.turnover, fees = excluded.fees, slippage = excluded.slippage,
        slippage_bps = excluded.slippage_bps, slippage_fills = excluded.slippage_fills,
        slippage_notional = excluded.slippage_notional, returns = excluded.returns, gaps = excluded.gaps,
        lacking = excluded.lacking, reasons = excluded.reasons, computed_at = excluded.computed_at,
        method = excluded.method, state = excluded.state,
        revision = held.revision + coalesce((held.through > p_dirty AND
            (held.through, held.started_at, held.state, held.total_trades, held.wins, held.losses, held.gross_profit,
             held.gross_loss, held.fills, held.turnover, held.fees, held.slippage, held.slippage_fills, held.lacking)
            IS DISTINCT FROM
            (excluded.through, excluded.started_at, excluded.state, excluded.total_trades, excluded.wins,
             excluded.losses, excluded.gross_profit, excluded.gross_loss, excluded.fills, excluded.turnover,
             excluded.fees, excluded.slippage, excluded.slippage_fills, excluded.lacking))::int, 0);
    GET DIAGNOSTICS stored = ROW_COUNT;
    RETURN stored;
END
$$;
