-- set_deployment_config
-- Sets the configuration that a version is run with, as its next revision; the same again changes nothing.
CREATE OR REPLACE FUNCTION set_deployment_config(p_model text, p_config jsonb, p_note text DEFAULT NULL)
RETURNS deployment_configs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    chosen bigint := known_model_version(p_model);
    made   deployment_configs;
BEGIN
    PERFORM check_declared(NULL, coalesce(p_config, 'null'), 'config of ' || p_model);
    INSERT INTO deployment_configs AS c (model_id, config, revision, updated_at, note)
    VALUES (chosen, p_config, 1, clock_timestamp(), p_note)
    ON CONFLICT (model_id) DO UPDATE
        SET config = excluded.config, revision = c.revision + 1, updated_at = excluded.updated_at, note = excluded.note
        WHERE c.config <> excluded.config;
    SELECT * INTO made FROM deployment_configs WHERE model_id = chosen;
    RETURN made;
END
$$;
