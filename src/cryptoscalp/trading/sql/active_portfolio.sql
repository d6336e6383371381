-- active_portfolio
-- What is open, a row an instrument in a portfolio (S13): net position, P&L, and the average entry price
-- weighted by quantity (inverse contracts: by cost, so that it is the price of the cost basis).
CREATE OR REPLACE VIEW active_portfolio AS
SELECT portfolio_id, symbol, exchange,
       sum(CASE WHEN side = 'LONG' THEN open_quantity ELSE -open_quantity END) AS net_position,
       sum(unrealized_pnl) AS total_pnl,
       CASE WHEN bool_or(inverse) THEN half_even(sum(open_quantity), nullif(sum(half_even(open_quantity, entry_price)), 0))
            ELSE half_even(sum(open_quantity * entry_price), sum(open_quantity)) END AS avg_entry_price,
       pnl_currency
FROM positions
WHERE status IN ('OPEN', 'PARTIAL')
GROUP BY portfolio_id, symbol, exchange, pnl_currency;
COMMENT ON VIEW active_portfolio IS 'What is open, a row an instrument in a portfolio.';
