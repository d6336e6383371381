-- refuse_registry_entry
-- Only the functions that keep the registry consistent write it. They run as the owner; who else may write
-- at all (a superuser) is told the way.
CREATE OR REPLACE FUNCTION refuse_registry_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: only the registry''s functions write it', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Call the functions of the package, or those of the same names in SQL.';
END
$$;
