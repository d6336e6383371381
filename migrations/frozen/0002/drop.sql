-- Drops what this revision made, and what it replaced: 0001's texts make that again.
DROP TABLE mark_prices, funding_rates, import_maps;
DROP FUNCTION guard_states(text), refuse_foreign_insert(), resolve_refused(bytea[], bigint),
    ensure_partitions(timestamptz, timestamptz, text[]), correct_ticks(bigint), merge_candles(candles[]);
