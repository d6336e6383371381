-- refuse_replay_change
-- An experience is what happened: it leaves as a whole, and only its tier and priority ever change. Rows
-- come by our functions alone, which run as the owner: who else may write at all (a superuser) is told the way.
CREATE OR REPLACE FUNCTION refuse_replay_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF current_user = 'cryptoscalp_owner' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'INSERT on % refused: only the replay''s functions write it', TG_TABLE_NAME
            USING ERRCODE = 'CS001', HINT = 'Call the functions of the package, or those of the same names in SQL.';
    END IF;
    RAISE EXCEPTION '% on % refused: what was experienced does not change', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Tiers and priorities change through set_replay_priorities() and '
                                        'change_replay(); `cryptoscalp replay prune` lets experiences leave.';
END
$$;
