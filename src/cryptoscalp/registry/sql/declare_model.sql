-- declare_model
-- Declares a model, or more of one that is there; NULL leaves a term as it is, or at its default in a new one.
-- The same again changes nothing. Once it has versions its target stays, and a schema takes new optional
-- entries only: what is registered must stay of the declared schema, and predictions comparable.
CREATE OR REPLACE FUNCTION declare_model(
    p_model_name text, p_description text DEFAULT NULL, p_target_price target_price DEFAULT NULL,
    p_target_kind target_kind DEFAULT NULL, p_target_interval candle_interval DEFAULT NULL,
    p_target_reach interval DEFAULT NULL, p_patience interval DEFAULT NULL,
    p_hyperparameter_schema jsonb DEFAULT NULL, p_metric_schema jsonb DEFAULT NULL)
RETURNS models
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    held   models;
    wanted models;
    wrong  text := CASE
        WHEN coalesce(p_model_name, '') = '' OR p_model_name <> btrim(p_model_name) OR length(p_model_name) > 100
             OR p_model_name ~ '[:@#]' THEN 'a name has 1 to 100 characters, no blanks around it and none of : @ #'
        WHEN p_model_name ~ '^[0-9]+$' THEN 'a name of digits only reads as a model_id; put a letter in it'
        WHEN (p_target_interval IS NOT NULL) <> coalesce(p_target_price = 'CANDLE_CLOSE', false)
             THEN 'CANDLE_CLOSE has an interval, the other prices have none'
        WHEN p_target_reach <= interval '0' THEN 'target_reach must be above zero'
        WHEN p_patience < interval '0' THEN 'patience must not be below zero'
        END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'model % cannot be declared: %', quote_literal(coalesce(p_model_name, '')), wrong
            USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO models (model_name) VALUES (p_model_name) ON CONFLICT DO NOTHING;
    held := known_model(p_model_name);
    wanted := held;
    wanted.description := coalesce(p_description, held.description);
    IF p_target_price IS NOT NULL THEN
        wanted.target_price := p_target_price;
        wanted.target_interval := p_target_interval;
    END IF;
    wanted.target_kind := coalesce(p_target_kind, held.target_kind);
    wanted.target_reach := coalesce(p_target_reach, held.target_reach);
    wanted.patience := coalesce(p_patience, held.patience);
    wanted.hyperparameter_schema := coalesce(p_hyperparameter_schema, held.hyperparameter_schema);
    wanted.metric_schema := coalesce(p_metric_schema, held.metric_schema);
    IF wanted IS DISTINCT FROM held THEN
        UPDATE models SET description = wanted.description, target_price = wanted.target_price,
            target_kind = wanted.target_kind, target_interval = wanted.target_interval,
            target_reach = wanted.target_reach, patience = wanted.patience,
            hyperparameter_schema = wanted.hyperparameter_schema, metric_schema = wanted.metric_schema
        WHERE model_name = p_model_name;
    END IF;
    RETURN wanted;
END
$$;
