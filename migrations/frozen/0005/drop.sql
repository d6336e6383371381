-- Takes back what this revision added.
DROP TRIGGER book_terms_kept ON instruments;
DROP TRIGGER portfolio_closes ON portfolios;
DROP FUNCTION keep_book_terms, check_portfolio_close, booked_before;
ALTER TABLE positions DROP CONSTRAINT chk_position_prices, DROP CONSTRAINT chk_position_status,
    ADD CONSTRAINT chk_position_prices CHECK (entry_price > 0 AND current_price > 0 AND contract_multiplier > 0 AND leverage > 0 AND cost_basis >= 0 AND (exit_price IS NULL OR exit_price > 0) AND (stop_loss IS NULL OR stop_loss > 0) AND (take_profit IS NULL OR take_profit > 0)),
    ADD CONSTRAINT chk_position_status CHECK ((status = 'OPEN') = (closed_quantity = 0) AND (status = 'CLOSED') = (closed_quantity = quantity) AND (status = 'CLOSED') = (closed_at IS NOT NULL) AND (status <> 'CLOSED' OR cost_basis = 0) AND (hedge_side IS NULL OR hedge_side = side));
ALTER TABLE portfolios DROP CONSTRAINT chk_portfolio_closed, DROP CONSTRAINT chk_portfolio_leverage,
    ADD CONSTRAINT chk_portfolio_leverage CHECK (leverage > 0 AND leverage <> 'NaN'::numeric);
ALTER TABLE strategies DROP CONSTRAINT chk_strategy_retired;
