-- Makes each given quote the newest one of its instrument unless a later one is held.
CREATE OR REPLACE FUNCTION merge_newest_quotes(p_rows order_book_l1[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO newest_quotes AS held (symbol, exchange, timestamp, bid_price, bid_volume, ask_price,
                                       ask_volume, sequence, received_at)
    SELECT symbol, exchange, timestamp, trim_scale(bid_price), trim_scale(bid_volume),
           trim_scale(ask_price), trim_scale(ask_volume), sequence, received_at
    FROM unnest(p_rows) AS newest
    ORDER BY symbol, exchange
    ON CONFLICT (symbol, exchange) DO UPDATE SET
        timestamp = excluded.timestamp, bid_price = excluded.bid_price,
        bid_volume = excluded.bid_volume, ask_price = excluded.ask_price,
        ask_volume = excluded.ask_volume, sequence = excluded.sequence,
        received_at = excluded.received_at
    WHERE (excluded.timestamp, excluded.sequence) > (held.timestamp, held.sequence);
END;
