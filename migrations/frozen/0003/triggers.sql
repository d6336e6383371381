-- Triggers of the market tables. Partitions get theirs from guard_ticks() and guard_states().
SELECT guard_ticks('market_data');
SELECT guard_ticks('order_book_l1');
SELECT guard_states('mark_prices');
SELECT guard_states('funding_rates');
SELECT guard_states(c.relname) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('mark_prices'::regclass, 'funding_rates'::regclass)
  AND c.relnamespace = 'public'::regnamespace;
CREATE OR REPLACE TRIGGER derived_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON candles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_derived_change();
CREATE OR REPLACE TRIGGER derived_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON newest_quotes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_derived_change();
CREATE OR REPLACE TRIGGER derived_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON newest_trades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_derived_change();
CREATE OR REPLACE TRIGGER derived_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON coverage
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_derived_change();
CREATE OR REPLACE TRIGGER instrument_revised AFTER INSERT OR UPDATE ON instruments
    FOR EACH ROW EXECUTE FUNCTION record_instrument_revision();
