-- Ticks are append-only. Only correct_ticks(), which runs as the owner and says so, may go on.
CREATE OR REPLACE FUNCTION refuse_tick_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_setting('cryptoscalp.correcting', true) = 'on' AND current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: ticks are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'To take back an import run: cryptoscalp import undo BATCH';
END
$$;
