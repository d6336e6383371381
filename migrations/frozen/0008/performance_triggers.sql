-- performance_triggers
CREATE OR REPLACE TRIGGER performance_noted AFTER INSERT ON trades REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_books_change();
CREATE OR REPLACE TRIGGER performance_noted AFTER INSERT ON cash_ledger
    FOR EACH ROW WHEN (NEW.trade_id IS NULL) EXECUTE FUNCTION note_books_change();
-- By row, so that the conditions are asked before anything is queued: what writers do in the minute that
-- goes on, and all 1-second candles, cost nothing.
CREATE OR REPLACE TRIGGER performance_came AFTER INSERT ON candles_long
    FOR EACH ROW WHEN (NEW.timestamp < now() - interval '1 minute') EXECUTE FUNCTION note_price_change();
CREATE OR REPLACE TRIGGER performance_changed AFTER UPDATE ON candles_long
    FOR EACH ROW WHEN (OLD.close IS DISTINCT FROM NEW.close AND NEW.timestamp < now() - interval '1 minute')
    EXECUTE FUNCTION note_price_change();
CREATE OR REPLACE TRIGGER performance_went AFTER DELETE ON candles_long
    FOR EACH ROW EXECUTE FUNCTION note_price_change();
CREATE OR REPLACE TRIGGER performance_guarded BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON performance_analytics
    FOR EACH STATEMENT EXECUTE FUNCTION guard_performance();
CREATE OR REPLACE TRIGGER performance_guarded BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON fill_slippage
    FOR EACH STATEMENT EXECUTE FUNCTION guard_performance();
CREATE OR REPLACE TRIGGER performance_guarded BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON performance_progress
    FOR EACH STATEMENT EXECUTE FUNCTION guard_performance();
CREATE OR REPLACE TRIGGER performance_guarded BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON performance_instruments
    FOR EACH STATEMENT EXECUTE FUNCTION guard_performance();
CREATE OR REPLACE TRIGGER performance_guarded BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON performance_changes
    FOR EACH STATEMENT EXECUTE FUNCTION guard_performance();
