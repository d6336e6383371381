-- What the product's login may do. Nothing is granted on a partition: a statement that names one is
-- refused, so that the parent's triggers always run.
DO $$
DECLARE
    ours text;
BEGIN
    -- Not ALL FUNCTIONS IN SCHEMA: extensions keep functions there that are not the owner's.
    FOR ours IN SELECT oid::regprocedure FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO cryptoscalp_app, cryptoscalp_capture;
GRANT SELECT ON market_data, order_book_l1, newest_quotes, newest_trades, candles, coverage, quarantine,
    batches, batch_streams, exchanges, instruments, instrument_revisions, mark_prices, funding_rates,
    import_maps
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT INSERT ON market_data, order_book_l1 TO cryptoscalp_app, cryptoscalp_capture;
GRANT INSERT ON mark_prices, funding_rates TO cryptoscalp_capture;
GRANT INSERT, UPDATE, DELETE ON import_maps TO cryptoscalp_app;
GRANT INSERT, UPDATE (name) ON exchanges TO cryptoscalp_app;
GRANT INSERT (symbol, exchange, canonical_feed, quote_source, base, quote, settle, tick_size, lot_size,
              contract_multiplier, inverse, listed_at, delisted_at, renamed_to)
    ON instruments TO cryptoscalp_app;
GRANT UPDATE (base, quote, settle, tick_size, lot_size, contract_multiplier, inverse, listed_at,
              delisted_at, renamed_to)
    ON instruments TO cryptoscalp_app;
GRANT INSERT, UPDATE ON newest_quotes, newest_trades, candles, quarantine, batches, batch_streams
    TO cryptoscalp_capture;
GRANT INSERT ON coverage TO cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION stream_lock(text, text, text),
    register_instruments(text[], text[], text[]) TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION compress_day(interval) TO cryptoscalp_app;
GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz, timestamptz, text[]), correct_ticks(bigint), cold_parts_of_batch(bigint),
    set_canonical(text, text, trade_feed, quote_source) TO cryptoscalp_app;
GRANT EXECUTE ON FUNCTION merge_candles(candles[]), merge_newest_trades(market_data[]),
    merge_newest_quotes(order_book_l1[]),
    extend_coverage(text[], text[], text[], timestamptz[], timestamptz[], bigint[], bigint[]),
    resolve_refused(bytea[], bigint), finish_thaw(text, date, text, text, bigint)
    TO cryptoscalp_capture;
