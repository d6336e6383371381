-- record_risk
-- Stores rows of risk metrics of a portfolio (p_rows: an array of objects, a key each column). One that is
-- there with the same content is left as it is; with another one the new row is a further revision. Returns
-- each row's place in p_rows with its revision, and whether it was stored now.
CREATE OR REPLACE FUNCTION record_risk(p_portfolio text, p_rows jsonb)
RETURNS TABLE (place bigint, revision integer, stored boolean, recorded_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    account portfolios;
    given   record;
    came    risk_metrics;
    before  risk_metrics;
BEGIN
    SELECT * INTO account FROM portfolios WHERE name = p_portfolio;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no portfolio %', p_portfolio
            USING ERRCODE = 'CS011', HINT = 'See `cryptoscalp portfolio list`.';
    END IF;
    IF p_rows IS NULL OR jsonb_typeof(p_rows) <> 'array' THEN
        RAISE EXCEPTION 'rows of risk metrics are an array of objects' USING ERRCODE = 'CS010';
    END IF;
    -- Two writers of one portfolio would number a revision alike.
    PERFORM pg_advisory_xact_lock(hashtextextended('risk_metrics', account.portfolio_id));
    FOR given IN SELECT element, ordinality FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (element, ordinality)
    LOOP
        came := jsonb_populate_record(NULL::risk_metrics, given.element);
        came.portfolio_id := account.portfolio_id;
        came.sign := 'LOSS_POSITIVE';
        came.recorded_at := clock_timestamp();
        IF came.base_currency IS DISTINCT FROM account.base_currency THEN
            RAISE EXCEPTION 'portfolio % is valued in %, not in %', p_portfolio, account.base_currency,
                came.base_currency USING ERRCODE = 'CS010';
        END IF;
        -- A minute for clocks that differ.
        IF came.timestamp > came.recorded_at + interval '1 minute' THEN
            RAISE EXCEPTION 'risk at % is not known yet', came.timestamp USING ERRCODE = 'CS010';
        END IF;
        SELECT * INTO before FROM risk_metrics AS m
        WHERE m.portfolio_id = came.portfolio_id AND m.timestamp = came.timestamp AND m.scope = came.scope
          AND m.subject = came.subject AND m.estimator = came.estimator AND m.confidence = came.confidence
          AND m.horizon = came.horizon AND m.lookback = came.lookback
        ORDER BY m.revision DESC LIMIT 1;
        place := given.ordinality;
        stored := true;
        came.revision := 0;
        IF FOUND THEN
            came.revision := before.revision;
            before.recorded_at := came.recorded_at;
            stored := came IS DISTINCT FROM before;
            IF stored THEN
                came.revision := before.revision + 1;
            ELSE
                SELECT m.recorded_at INTO came.recorded_at FROM risk_metrics AS m
                WHERE m.portfolio_id = came.portfolio_id AND m.timestamp = came.timestamp AND m.scope = came.scope
                  AND m.subject = came.subject AND m.estimator = came.estimator AND m.confidence = came.confidence
                  AND m.horizon = came.horizon AND m.lookback = came.lookback AND m.revision = came.revision;
            END IF;
        END IF;
        IF stored THEN
            INSERT INTO risk_metrics SELECT came.*;
        END IF;
        revision := came.revision;
        recorded_at := came.recorded_at;
        RETURN NEXT;
    END LOOP;
END
$$;
