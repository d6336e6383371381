-- refuse_registry_change
-- What the registry records stays: versions are retired, outcomes that change are recorded beside the
-- first ones. Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION refuse_registry_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: these records are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Retire a version with `cryptoscalp models retire`; outcomes that change '
                                        'are revisions: `cryptoscalp predictions resolve`.';
END
$$;
