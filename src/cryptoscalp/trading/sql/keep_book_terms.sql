-- keep_book_terms
-- What money is reckoned by stays while the books depend on it: currencies and kind of an instrument with a
-- fill that stands or funding, the contract's size while a position is open. Fills that are being booked are
-- waited for: they hold the instrument's lock (book_terms).
CREATE OR REPLACE FUNCTION keep_book_terms() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    name text := format('%s on %s', OLD.symbol, OLD.exchange);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(OLD.symbol || '@' || OLD.exchange, 11));
    IF (OLD.base, OLD.quote, OLD.settle, coalesce(OLD.inverse, false))
       IS DISTINCT FROM (NEW.base, NEW.quote, NEW.settle, coalesce(NEW.inverse, false)) THEN
        PERFORM FROM trades AS t
        WHERE t.symbol = OLD.symbol AND t.exchange = OLD.exchange AND t.kind <> 'REVERSAL'
          AND NOT EXISTS (SELECT FROM trades AS r WHERE r.reverses_trade_id = t.trade_id)
        UNION ALL
        SELECT FROM funding_payments AS f WHERE f.symbol = OLD.symbol AND f.exchange = OLD.exchange LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'base, quote, settle and inverse of % stay: fills or funding are booked by them', name
                USING ERRCODE = 'CS010',
                      HINT = 'Where they are wrong, reverse the fills (cryptoscalp trades reverse), then change them.';
        END IF;
    END IF;
    IF coalesce(OLD.contract_multiplier, 1) <> coalesce(NEW.contract_multiplier, 1) THEN
        PERFORM FROM positions AS p
        WHERE p.symbol = OLD.symbol AND p.exchange = OLD.exchange AND p.status IN ('OPEN', 'PARTIAL') LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'the contract multiplier of % stays while a position is open', name
                USING ERRCODE = 'CS010', HINT = 'Close the position first.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
