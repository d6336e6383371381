-- Rows of performance, column by column, to the function that keeps them. Documents come as one text, parted
-- by a character that JSON does not have.
SELECT record_performance(array_agg(ROW(
    r.portfolio_id, r.scope, r.strategy_id, r.symbol, r.exchange, r.period, to_timestamp(r.begins_s),
    to_timestamp(r.started_s), to_timestamp(r.through_s), r.total_return, r.sharpe_ratio, r.sharpe_low,
    r.sharpe_high, r.sortino_ratio, r.calmar_ratio, r.volatility, r.max_drawdown, r.win_rate, r.profit_factor,
    r.total_trades, r.wins, r.losses, r.avg_win, r.avg_loss, r.gross_profit, r.gross_loss, r.fills, r.turnover,
    r.fees, r.slippage, r.slippage_bps, r.slippage_fills, r.slippage_notional, r.returns, r.gaps,
    r.lacking::jsonb, r.reasons::jsonb, 0, clock_timestamp(), %(method)s,
    (%(states)s::float8[])[(r.place - 1) * %(size)s + 1 : r.place * %(size)s])::performance_analytics),
    %(dirty)s, %(portfolios)s, %(periods)s::performance_period[],
    ARRAY(SELECT to_timestamp(w) FROM unnest(%(windows)s::bigint[]) AS w))
FROM unnest(
    %(portfolio_id)s::bigint[], %(scope)s::performance_scope[], %(strategy_id)s::bigint[], %(symbol)s::text[],
    %(exchange)s::text[], %(period)s::performance_period[], %(begins_s)s::bigint[], %(started_s)s::bigint[],
    %(through_s)s::bigint[], %(total_return)s::float8[], %(sharpe_ratio)s::float8[], %(sharpe_low)s::float8[],
    %(sharpe_high)s::float8[], %(sortino_ratio)s::float8[], %(calmar_ratio)s::float8[], %(volatility)s::float8[],
    %(max_drawdown)s::float8[], %(win_rate)s::float8[], %(profit_factor)s::float8[], %(total_trades)s::bigint[],
    %(wins)s::bigint[], %(losses)s::bigint[], %(avg_win)s::numeric[], %(avg_loss)s::numeric[],
    %(gross_profit)s::numeric[], %(gross_loss)s::numeric[], %(fills)s::bigint[], %(turnover)s::numeric[],
    %(fees)s::numeric[], %(slippage)s::numeric[], %(slippage_bps)s::float8[], %(slippage_fills)s::bigint[],
    %(slippage_notional)s::numeric[], %(returns)s::bigint[], %(gaps)s::bigint[], string_to_array(%(lacking)s, chr(31)),
    string_to_array(%(reasons)s, chr(31))) WITH ORDINALITY AS r (
    portfolio_id, scope, strategy_id, symbol, exchange, period, begins_s, started_s, through_s, total_return,
    sharpe_ratio, sharpe_low, sharpe_high, sortino_ratio, calmar_ratio, volatility, max_drawdown, win_rate,
    profit_factor, total_trades, wins, losses, avg_win, avg_loss, gross_profit, gross_loss, fills, turnover, fees,
    slippage, slippage_bps, slippage_fills, slippage_notional, returns, gaps, lacking, reasons, place)
