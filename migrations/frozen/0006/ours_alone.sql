-- ours_alone
-- Nobody may call a function of ours without being granted it: called before each subject's grants.
CREATE OR REPLACE FUNCTION ours_alone() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    ours text;
BEGIN
    -- Not ALL FUNCTIONS IN SCHEMA: extensions keep functions there that are not the owner's.
    FOR ours IN SELECT oid::regprocedure FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours);
    END LOOP;
END
$$;
