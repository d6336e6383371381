-- record_model_event
-- Writes down each move of a version's status and each move of an alias, whoever made it. Why, and whether it
-- belongs to a rollback, is said by the function that moves (cryptoscalp.note, cryptoscalp.rollback).
CREATE OR REPLACE FUNCTION record_model_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    told text := nullif(current_setting('cryptoscalp.note', true), '');
BEGIN
    IF TG_TABLE_NAME = 'model_versions' THEN
        INSERT INTO model_events (model_id, from_status, to_status, slot, rollback, note)
        VALUES (NEW.model_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status,
                CASE WHEN 'DEPLOYED' IN (NEW.status, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END) THEN NEW.slot END,
                coalesce(current_setting('cryptoscalp.rollback', true), '') = 'on', told);
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.model_id <> NEW.model_id) THEN
        INSERT INTO model_events (model_id, alias, removed, note) VALUES (OLD.model_id, OLD.alias, true, told);
    END IF;
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR OLD.model_id <> NEW.model_id) THEN
        INSERT INTO model_events (model_id, alias, note) VALUES (NEW.model_id, NEW.alias, told);
    END IF;
    RETURN NULL;
END
$$;
