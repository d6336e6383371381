-- keep_model_numbers
-- Keeps the numeric metrics and hyperparameters of a version one by one, for search.
CREATE OR REPLACE FUNCTION keep_model_numbers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM model_numbers WHERE model_id = NEW.model_id AND kind = 'metric';
    ELSE
        INSERT INTO model_numbers (model_id, model_name, kind, name, value)
        SELECT NEW.model_id, NEW.model_name, 'hyperparameter', name, (value #>> '{}')::float8
        FROM jsonb_each(NEW.hyperparameters) AS given (name, value) WHERE jsonb_typeof(value) = 'number';
    END IF;
    INSERT INTO model_numbers (model_id, model_name, kind, name, value)
    SELECT NEW.model_id, NEW.model_name, 'metric', name, (value #>> '{}')::float8
    FROM jsonb_each(NEW.performance_metrics) AS given (name, value) WHERE jsonb_typeof(value) = 'number';
    RETURN NULL;
END
$$;
