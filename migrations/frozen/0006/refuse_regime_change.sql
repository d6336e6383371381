-- refuse_regime_change
-- A regime stays as it was knowable when it began. Only the newest one of an instrument and interval goes
-- on, and that by the owner's functions: its duration grows, nothing else changes.
CREATE OR REPLACE FUNCTION refuse_regime_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    compared market_regimes;
BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'cryptoscalp_owner' THEN
        compared := NEW;
        compared.duration_minutes := OLD.duration_minutes;
        IF compared IS NOT DISTINCT FROM OLD AND NEW.duration_minutes >= OLD.duration_minutes
           AND NOT EXISTS (SELECT FROM market_regimes AS r
                           WHERE r.symbol = OLD.symbol AND r.exchange = OLD.exchange AND r.interval = OLD.interval
                             AND r.timestamp > OLD.timestamp) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: regimes stay as they were knowable, only the duration of the newest goes on',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'To reckon with another rule from now on: `cryptoscalp regimes unwatch`, '
                                        'then `cryptoscalp regimes watch` with --set.';
END
$$;
