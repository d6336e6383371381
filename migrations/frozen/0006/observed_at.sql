-- observed_at
-- The price of an instrument as it could be known at a moment, by a model's rule, and whether it is known
-- for sure. LAST_TRADE: the last trade of the canonical feed up to p_at; MID: half way between bid and ask
-- of the last quote of the instrument's source; CANDLE_CLOSE: the close of the last candle that had ended,
-- which is the last trade before its end, or the imported candle of that bucket where the ticks do not tell.
-- Nothing with a later timestamp is read.
--
-- The rule is that of complete candles: one RECEIVED run holds everything from the tick (or, without one,
-- from the reach's beginning) to the moment, and no recorded gap touches that interval. As events share
-- timestamps, a run proves p_at itself only when it goes on after it.
--
-- state: KNOWN; STALE: all is received, and the last price is older than p_reach; WAITING: nothing received
-- is later yet; GAP: something later is, and what lies between is missing; COLD: ticks that count lie in
-- the cold tier, detail is the command that brings them back.
CREATE OR REPLACE FUNCTION observed_at(p_symbol text, p_exchange text, p_at timestamptz, p_price target_price,
                            p_interval candle_interval DEFAULT NULL, p_reach interval DEFAULT '1 minute')
RETURNS TABLE (state text, price numeric, seen_at timestamptz, detail text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET timezone = 'UTC' SET plan_cache_mode = auto
AS $$
DECLARE
    place  constant text := format('%s on %s', p_symbol, p_exchange);
    ticks  constant text := CASE p_price WHEN 'MID' THEN 'order_book_l1' ELSE 'market_data' END;
    step   constant interval := CASE WHEN p_price = 'CANDLE_CLOSE' THEN p_interval::text::interval END;
    -- Weeks begin on Monday.
    bucket constant timestamptz := date_bin(step, p_at, CASE p_interval WHEN '1w' THEN timestamptz '1970-01-05'
                                                        ELSE timestamptz '1970-01-01' END);
    -- Ticks before this moment count.
    before constant timestamptz := coalesce(bucket, p_at + interval '1 microsecond');
    since  constant timestamptz := coalesce(bucket, p_at) - p_reach;
    told   constant text := to_char(before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    channel text;
    later  boolean;
    covered boolean;
    first  timestamptz;
    away   record;
    opened timestamptz;
    imported numeric;
BEGIN
    SELECT CASE p_price WHEN 'MID' THEN i.quote_source::text ELSE i.canonical_feed::text END INTO channel
    FROM instruments AS i WHERE i.symbol = p_symbol AND i.exchange = p_exchange;
    SELECT t.price, t.timestamp INTO price, seen_at
    FROM last_tick(p_symbol, p_exchange, p_price, channel, since, before) AS t;
    first := coalesce(seen_at, since);
    SELECT min(c.day) AS low, max(c.day) + 1 AS high INTO away FROM cold_parts AS c
    WHERE c.table_name = ticks AND c.symbol = p_symbol AND c.exchange = p_exchange AND c.state = 'COLD'
      AND c.day BETWEEN first::date AND (before - interval '1 microsecond')::date;
    -- The newest run that reaches so far, which nearly always is the one that matters, is found first.
    SELECT true INTO later FROM coverage AS c
    WHERE c.symbol = p_symbol AND c.exchange = p_exchange AND c.stream = channel::tick_stream
      AND c.kind = 'RECEIVED' AND c.end_time >= before
    ORDER BY c.start_time DESC LIMIT 1;
    SELECT true INTO covered FROM coverage AS c
    WHERE later AND c.symbol = p_symbol AND c.exchange = p_exchange AND c.stream = channel::tick_stream
      AND c.kind = 'RECEIVED' AND c.start_time <= first AND c.end_time >= before
      -- A quarantined or removed event has the gap's very time; others lie between its ends.
      AND NOT EXISTS (SELECT FROM coverage AS g
                      WHERE g.symbol = p_symbol AND g.exchange = p_exchange AND g.stream = channel::tick_stream
                        AND g.kind = 'GAP' AND g.start_time < before
                        AND (g.end_time > first OR g.end_time = first AND g.cause IN ('quarantined', 'removed')))
    ORDER BY c.start_time DESC LIMIT 1;
    IF away.low IS NOT NULL THEN
        state := 'COLD';
        detail := format('cryptoscalp retention thaw --table %s --exchange %s --symbol %s --start %s --end %s',
                         ticks, p_exchange, p_symbol, away.low, away.high);
    ELSIF covered THEN
        state := CASE WHEN seen_at IS NULL THEN 'STALE' ELSE 'KNOWN' END;
        detail := CASE WHEN seen_at IS NULL THEN
            format('no %s of %s within %s before %s', channel, place, p_reach, told) END;
    ELSIF later THEN
        state := 'GAP';
        detail := format('%s of %s is not complete from %s to %s', channel, place,
                         to_char(first, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), told);
    ELSE
        state := 'WAITING';
        detail := format('%s of %s is not received up to %s', coalesce(channel, 'trade'), place, told);
    END IF;
    IF p_price = 'CANDLE_CLOSE' AND state IN ('STALE', 'GAP', 'WAITING') THEN
        opened := bucket - step;
        SELECT c.close INTO imported FROM candles AS c
        WHERE c.symbol = p_symbol AND c.exchange = p_exchange AND c.interval = p_interval
          AND c.timestamp = opened AND c.source = 'imported';
    END IF;
    IF imported IS NOT NULL THEN
        state := 'KNOWN';
        price := imported;
        seen_at := bucket;
        detail := NULL;
    ELSIF state <> 'KNOWN' THEN
        price := NULL;
        seen_at := NULL;
    END IF;
    RETURN NEXT;
END
$$;
