-- record_config_revision
-- Adds each configuration of a version to its history, of the same moment; revisions follow each other.
CREATE OR REPLACE FUNCTION record_config_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND NEW.revision <> 1)
       OR (TG_OP = 'UPDATE' AND (NEW.model_id, NEW.revision) IS DISTINCT FROM (OLD.model_id, OLD.revision + 1)) THEN
        RAISE EXCEPTION 'revisions of the config of version #% follow each other', NEW.model_id USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO deployment_config_history (model_id, revision, config, note, recorded_at)
    VALUES (NEW.model_id, NEW.revision, NEW.config, NEW.note, NEW.updated_at);
    RETURN NULL;
END
$$;
