-- exposure_views
-- Notional of what is open at the price it was last marked with, in the settlement currency: by symbol, by
-- exchange, by strategy. Net: long less short; gross: long and short.
CREATE OR REPLACE VIEW position_exposure AS
SELECT position_id, portfolio_id, strategy_id, symbol, exchange, side, pnl_currency, margined, leverage,
       position_value(inverse, contract_multiplier, open_quantity, current_price) AS notional, unrealized_pnl
FROM positions
WHERE status IN ('OPEN', 'PARTIAL');
COMMENT ON VIEW position_exposure IS 'Notional of each open position at its last mark.';

CREATE OR REPLACE VIEW exposure_by_symbol AS
SELECT portfolio_id, symbol, exchange, pnl_currency, count(*) AS positions,
       coalesce(sum(notional) FILTER (WHERE side = 'LONG'), 0) AS long_notional,
       coalesce(sum(notional) FILTER (WHERE side = 'SHORT'), 0) AS short_notional,
       sum(CASE side WHEN 'LONG' THEN notional ELSE -notional END) AS net_notional,
       sum(notional) AS gross_notional, sum(unrealized_pnl) AS unrealized_pnl
FROM position_exposure GROUP BY portfolio_id, symbol, exchange, pnl_currency;
COMMENT ON VIEW exposure_by_symbol IS 'Open notional by portfolio and instrument.';

CREATE OR REPLACE VIEW exposure_by_exchange AS
SELECT portfolio_id, exchange, pnl_currency, count(*) AS positions,
       coalesce(sum(notional) FILTER (WHERE side = 'LONG'), 0) AS long_notional,
       coalesce(sum(notional) FILTER (WHERE side = 'SHORT'), 0) AS short_notional,
       sum(CASE side WHEN 'LONG' THEN notional ELSE -notional END) AS net_notional,
       sum(notional) AS gross_notional, sum(unrealized_pnl) AS unrealized_pnl
FROM position_exposure GROUP BY portfolio_id, exchange, pnl_currency;
COMMENT ON VIEW exposure_by_exchange IS 'Open notional by portfolio and exchange.';

CREATE OR REPLACE VIEW exposure_by_strategy AS
SELECT portfolio_id, strategy_id, pnl_currency, count(*) AS positions,
       coalesce(sum(notional) FILTER (WHERE side = 'LONG'), 0) AS long_notional,
       coalesce(sum(notional) FILTER (WHERE side = 'SHORT'), 0) AS short_notional,
       sum(CASE side WHEN 'LONG' THEN notional ELSE -notional END) AS net_notional,
       sum(notional) AS gross_notional, sum(unrealized_pnl) AS unrealized_pnl
FROM position_exposure GROUP BY portfolio_id, strategy_id, pnl_currency;
COMMENT ON VIEW exposure_by_strategy IS 'Open notional by portfolio and strategy.';
