-- open_risk
-- What each open position stands to lose until its stop loss: from its cost basis (pnl_at_stop) and from
-- its last mark (risk_to_stop, above zero is a loss); both NULL where no stop is set.
CREATE OR REPLACE VIEW open_risk AS
SELECT position_id, portfolio_id, strategy_id, symbol, exchange, side, open_quantity, entry_price, current_price,
       stop_loss, pnl_currency, unrealized_pnl,
       unrealized_pnl(side, inverse, contract_multiplier, open_quantity, cost_basis, stop_loss) AS pnl_at_stop,
       unrealized_pnl - unrealized_pnl(side, inverse, contract_multiplier, open_quantity, cost_basis, stop_loss)
           AS risk_to_stop
FROM positions
WHERE status IN ('OPEN', 'PARTIAL');
COMMENT ON VIEW open_risk IS 'What each open position stands to lose until its stop loss.';
