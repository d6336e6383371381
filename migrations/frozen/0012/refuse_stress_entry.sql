-- refuse_stress_entry
-- Only record_stress_test() writes, which runs as the owner; who else may write at all is told the way.
CREATE OR REPLACE FUNCTION refuse_stress_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: its percentage and its hash follow from the rest', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Call record_stress_test() instead.';
END
$$;
