-- Places a legal hold; returns its number.
CREATE OR REPLACE FUNCTION place_hold(p_table text, p_first date, p_last date, p_reason text, p_by text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    IF p_table <> ALL ('{market_data, order_book_l1, mark_prices, funding_rates, candles_1s, system_logs,
                         quarantine, job_runs}'::text[]) THEN
        RAISE EXCEPTION 'retention: rows of % never leave, so there is nothing to hold', p_table
            USING ERRCODE = '22023';
    END IF;
    INSERT INTO retention_holds (table_name, first_day, last_day, reason, placed_by)
    VALUES (p_table, p_first, p_last, p_reason, p_by) RETURNING hold_id INTO made;
    RETURN made;
END
$$;
