-- trading_triggers
-- What the books hold against every client: append-only rows, legal moves, P&L that follows the price.
CREATE OR REPLACE TRIGGER trigger_update_position_pnl
    BEFORE INSERT OR UPDATE OF current_price, quantity, closed_quantity, entry_price, side, cost_basis, inverse,
                               contract_multiplier, unrealized_pnl ON positions
    FOR EACH ROW EXECUTE FUNCTION update_position_pnl();
CREATE OR REPLACE TRIGGER book_terms_kept
    BEFORE UPDATE OF base, quote, settle, inverse, contract_multiplier ON instruments
    FOR EACH ROW
    WHEN ((OLD.base, OLD.quote, OLD.settle, OLD.inverse, OLD.contract_multiplier)
          IS DISTINCT FROM (NEW.base, NEW.quote, NEW.settle, NEW.inverse, NEW.contract_multiplier))
    EXECUTE FUNCTION keep_book_terms();
CREATE OR REPLACE TRIGGER portfolio_closes BEFORE UPDATE OF closed_at ON portfolios
    FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)
    EXECUTE FUNCTION check_portfolio_close();
CREATE OR REPLACE TRIGGER position_begins BEFORE INSERT ON positions
    FOR EACH ROW EXECUTE FUNCTION check_position_change();
CREATE OR REPLACE TRIGGER open_quantity_kept BEFORE INSERT OR UPDATE OF quantity, closed_quantity, open_quantity ON positions
    FOR EACH ROW EXECUTE FUNCTION keep_open_quantity();
CREATE OR REPLACE TRIGGER position_moves BEFORE UPDATE ON positions
    FOR EACH ROW
    WHEN (OLD.status = 'CLOSED' OR OLD.status <> NEW.status OR OLD.portfolio_id <> NEW.portfolio_id
          OR OLD.symbol <> NEW.symbol OR OLD.exchange <> NEW.exchange OR OLD.side <> NEW.side)
    EXECUTE FUNCTION check_position_change();
CREATE OR REPLACE TRIGGER cash_counted AFTER INSERT ON cash_ledger REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_cash_balances();
CREATE OR REPLACE TRIGGER books_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cash_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON funding_payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE DELETE OR TRUNCATE ON positions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE DELETE OR TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_append_only BEFORE DELETE OR TRUNCATE ON cash_balances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_change();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT ON trades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT ON cash_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT ON funding_payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT OR UPDATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only BEFORE INSERT OR UPDATE ON cash_balances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
CREATE OR REPLACE TRIGGER books_ours_only
    BEFORE INSERT OR UPDATE OF quantity, closed_quantity, cost_basis, exit_value, exit_price, entry_price, realized_pnl,
                               funding, status, opened_at, closed_at, inverse, contract_multiplier, margined,
                               pnl_currency, strategy_id, hedge_side, leverage, timestamp ON positions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_book_entry();
