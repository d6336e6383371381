-- guard_performance
-- Performance follows from the books and the prices: only the functions that keep it in step write it. What
-- a fill cost against its quote is measured once and stays.
CREATE OR REPLACE FUNCTION guard_performance() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' AND TG_OP <> 'TRUNCATE'
       AND (TG_TABLE_NAME <> 'fill_slippage' OR TG_OP = 'INSERT') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: its rows follow from the books and the prices', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'To reckon it again: `cryptoscalp performance refresh --from-scratch`.';
END
$$;
