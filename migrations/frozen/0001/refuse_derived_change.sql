-- Candles, newest rows and coverage follow from the ticks: only the capture role's writer and the
-- owner's own functions write them.
CREATE OR REPLACE FUNCTION refuse_derived_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user IN ('cryptoscalp_owner', 'cryptoscalp_capture') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: its rows follow from the ticks', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Insert into market_data or order_book_l1 instead.';
END
$$;
