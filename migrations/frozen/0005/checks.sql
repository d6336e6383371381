-- Checks that 0004 lacked.
ALTER TABLE positions DROP CONSTRAINT chk_position_prices, DROP CONSTRAINT chk_position_status,
    ADD CONSTRAINT chk_position_prices CHECK (entry_price > 0 AND current_price > 0 AND contract_multiplier > 0 AND leverage > 0 AND cost_basis >= 0 AND (exit_price IS NULL OR exit_price > 0) AND (stop_loss IS NULL OR stop_loss > 0) AND (take_profit IS NULL OR take_profit > 0) AND (stop_loss IS NULL OR take_profit IS NULL OR CASE side WHEN 'LONG' THEN stop_loss < take_profit ELSE take_profit < stop_loss END)),
    ADD CONSTRAINT chk_position_status CHECK ((status = 'OPEN') = (closed_quantity = 0) AND (status = 'CLOSED') = (closed_quantity = quantity) AND (status = 'CLOSED') = (closed_at IS NOT NULL) AND (status <> 'CLOSED' OR cost_basis = 0) AND (hedge_side IS NULL OR hedge_side = side) AND (marked_at IS NULL OR (marked_at >= '2009-01-03 00:00:00+00' AND marked_at < 'infinity')));
ALTER TABLE portfolios DROP CONSTRAINT chk_portfolio_leverage,
    ADD CONSTRAINT chk_portfolio_leverage CHECK (leverage > 0 AND leverage < 'Infinity'),
    ADD CONSTRAINT chk_portfolio_closed CHECK (closed_at IS NULL OR (closed_at >= created_at AND closed_at < 'infinity'));
ALTER TABLE strategies
    ADD CONSTRAINT chk_strategy_retired CHECK (retired_at IS NULL OR (retired_at >= created_at AND retired_at < 'infinity'));
-- It takes more now.
DROP FUNCTION booked_before;
