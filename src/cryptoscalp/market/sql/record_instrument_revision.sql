-- Keeps the history of an instrument's terms: closes the current revision and opens the next.
CREATE OR REPLACE FUNCTION record_instrument_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.base, OLD.quote, OLD.settle, OLD.tick_size, OLD.lot_size, OLD.contract_multiplier,
            OLD.inverse, OLD.listed_at, OLD.delisted_at, OLD.renamed_to)
           IS NOT DISTINCT FROM
           (NEW.base, NEW.quote, NEW.settle, NEW.tick_size, NEW.lot_size, NEW.contract_multiplier,
            NEW.inverse, NEW.listed_at, NEW.delisted_at, NEW.renamed_to) THEN
            RETURN NULL;
        END IF;
        UPDATE instrument_revisions SET valid_to = moment
        WHERE symbol = NEW.symbol AND exchange = NEW.exchange AND valid_to IS NULL;
    END IF;
    INSERT INTO instrument_revisions (symbol, exchange, valid_from, base, quote, settle, tick_size,
                                      lot_size, contract_multiplier, inverse, listed_at, delisted_at,
                                      renamed_to)
    VALUES (NEW.symbol, NEW.exchange, moment, NEW.base, NEW.quote, NEW.settle, NEW.tick_size,
            NEW.lot_size, NEW.contract_multiplier, NEW.inverse, NEW.listed_at, NEW.delisted_at,
            NEW.renamed_to);
    RETURN NULL;
END
$$;
