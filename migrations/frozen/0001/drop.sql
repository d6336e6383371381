-- Drops what the owner has in public but Alembic's own table. Nothing of ours came before this
-- revision, so all of it goes. What somebody else built on it (a view, say) stops the downgrade.
DO $$
DECLARE
    mine CONSTANT oid := 'cryptoscalp_owner'::regrole;
    here CONSTANT oid := 'public'::regnamespace;
    command text;
BEGIN
    FOR command IN
        -- Functions with a parsed body depend on tables; tables depend on trigger functions.
        SELECT 'DROP FUNCTION ' || string_agg(oid::regprocedure::text, ', ')
        FROM pg_proc WHERE pronamespace = here AND proowner = mine AND prosqlbody IS NOT NULL
    UNION ALL
        SELECT 'DROP TABLE ' || string_agg(oid::regclass::text, ', ')
        FROM pg_class
        WHERE relnamespace = here AND relowner = mine AND relkind IN ('r', 'p')
          AND NOT relispartition AND relname <> 'alembic_version'
    UNION ALL
        SELECT 'DROP FUNCTION ' || string_agg(oid::regprocedure::text, ', ')
        FROM pg_proc WHERE pronamespace = here AND proowner = mine AND prosqlbody IS NULL
    UNION ALL
        SELECT 'DROP DOMAIN ' || string_agg(oid::regtype::text, ', ')
        FROM pg_type WHERE typnamespace = here AND typowner = mine AND typtype = 'd'
    UNION ALL
        SELECT 'DROP TYPE ' || string_agg(oid::regtype::text, ', ')
        FROM pg_type WHERE typnamespace = here AND typowner = mine AND typtype = 'e'
    LOOP
        IF command IS NOT NULL THEN
            EXECUTE command;
        END IF;
    END LOOP;
END
$$;
REVOKE USAGE ON SCHEMA public FROM cryptoscalp_app, cryptoscalp_capture;
