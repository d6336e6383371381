-- keep_model
-- What a model is: its schemas can be ones; once it has versions its target stays and a schema only takes new
-- optional entries. Its name stays, and no version number is given out twice.
CREATE OR REPLACE FUNCTION keep_model() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    term   text;
    before jsonb;
    after  jsonb;
BEGIN
    PERFORM check_schema(NEW.hyperparameter_schema, 'hyperparameter_schema'),
            check_schema(NEW.metric_schema, 'metric_schema');
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    IF (NEW.model_name, NEW.created_at) IS DISTINCT FROM (OLD.model_name, OLD.created_at)
       OR NEW.last_version_number NOT IN (OLD.last_version_number, OLD.last_version_number + 1) THEN
        RAISE EXCEPTION 'model % keeps its name, and its version numbers are given out one by one',
            quote_literal(OLD.model_name) USING ERRCODE = 'CS010';
    END IF;
    IF OLD.last_version_number = 0 THEN
        RETURN NEW;
    END IF;
    IF (NEW.target_price, NEW.target_kind, NEW.target_interval, NEW.target_reach, NEW.patience) IS DISTINCT FROM
       (OLD.target_price, OLD.target_kind, OLD.target_interval, OLD.target_reach, OLD.patience) THEN
        RAISE EXCEPTION 'model % has versions and keeps its target: %, %, interval %, reach %, patience %',
            quote_literal(OLD.model_name), OLD.target_price, OLD.target_kind, coalesce(OLD.target_interval::text, 'none'),
            OLD.target_reach, OLD.patience
            USING ERRCODE = 'CS010', HINT = 'Declare another model for another target.';
    END IF;
    FOREACH term IN ARRAY ARRAY['hyperparameter_schema', 'metric_schema'] LOOP
        before := to_jsonb(OLD) -> term;
        after := to_jsonb(NEW) -> term;
        IF after <> before AND (before = 'null' OR NOT after @> before OR EXISTS (
               SELECT FROM jsonb_object_keys(after) AS name WHERE NOT before ? name AND right(name, 1) <> '?')) THEN
            RAISE EXCEPTION 'model % has versions: its % takes new optional entries only', quote_literal(OLD.model_name),
                term USING ERRCODE = 'CS010', HINT = 'A name that ends in ? is optional. Declared: ' || before::text;
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
