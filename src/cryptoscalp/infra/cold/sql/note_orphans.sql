-- Keeps which files of the warehouse nothing refers to: those given, each since when it was first so.
CREATE OR REPLACE FUNCTION note_orphans(p_paths text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM cold_orphans WHERE path <> ALL (p_paths);
    INSERT INTO cold_orphans (path, found_at) SELECT DISTINCT path, now() FROM unnest(p_paths) AS path
    ON CONFLICT (path) DO NOTHING;
END
$$;
