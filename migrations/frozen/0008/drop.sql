-- Drops what this revision made.
DROP TRIGGER performance_noted ON trades;
DROP TRIGGER performance_noted ON cash_ledger;
DROP TRIGGER performance_came ON candles_long;
DROP TRIGGER performance_changed ON candles_long;
DROP TRIGGER performance_went ON candles_long;
DROP VIEW performance;
DROP FUNCTION record_progress, record_performance, measure_slippage, take_price_changes, lock_performance;
DROP TABLE fill_slippage, performance_changes, performance_instruments, performance_progress, performance_analytics;
DROP FUNCTION note_price_change, note_books_change, guard_performance;
DROP TYPE performance_step, performance_scope, performance_period;
