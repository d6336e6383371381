-- keep_model_version
-- The lifecycle of a version: TRAINING, VALIDATING, DEPLOYED, RETIRED in this order; from each to RETIRED; and
-- from RETIRED back to DEPLOYED inside rollback_model alone. What it was made of never changes, its validation
-- metrics not after it was deployed. Holds for everybody, plain SQL too.
CREATE OR REPLACE FUNCTION keep_model_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    compared model_versions := NEW;
    declared models;
    told     text := format('version %s of %L', NEW.version_number, NEW.model_name);
BEGIN
    IF TG_OP = 'INSERT' OR NEW.performance_metrics IS DISTINCT FROM OLD.performance_metrics THEN
        SELECT * INTO declared FROM models WHERE model_name = NEW.model_name;
        IF NEW.performance_metrics IS NOT NULL THEN
            PERFORM check_declared(declared.metric_schema, NEW.performance_metrics, 'metrics of ' || told);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM check_declared(declared.hyperparameter_schema, NEW.hyperparameters, 'hyperparameters of ' || told),
                check_declared(NULL, NEW.tags, 'tags of ' || told);
        IF NEW.status <> 'TRAINING' OR num_nonnulls(NEW.slot, NEW.deployed_at, NEW.retired_at, NEW.replaces_model_id) > 0
        THEN
            RAISE EXCEPTION '% begins in TRAINING, not %', told, NEW.status USING ERRCODE = 'CS010';
        END IF;
        RETURN NEW;
    END IF;
    compared.status := OLD.status;
    compared.performance_metrics := OLD.performance_metrics;
    compared.slot := OLD.slot;
    compared.deployed_at := OLD.deployed_at;
    compared.retired_at := OLD.retired_at;
    compared.replaces_model_id := OLD.replaces_model_id;
    IF compared IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION '% keeps what it was made of: name, artifact, hyperparameters, lineage and tags', told
            USING ERRCODE = 'CS010', HINT = 'Register another version.';
    END IF;
    IF NEW.performance_metrics IS DISTINCT FROM OLD.performance_metrics AND OLD.status IN ('DEPLOYED', 'RETIRED') THEN
        RAISE EXCEPTION '% is %: its validation metrics stay as they were', told, OLD.status USING ERRCODE = 'CS010';
    END IF;
    IF NEW.status = OLD.status THEN
        IF (NEW.slot, NEW.deployed_at, NEW.retired_at, NEW.replaces_model_id) IS DISTINCT FROM
           (OLD.slot, OLD.deployed_at, OLD.retired_at, OLD.replaces_model_id) THEN
            RAISE EXCEPTION '% changes its slot only where it is deployed', told USING ERRCODE = 'CS010';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN (('TRAINING', 'VALIDATING'), ('VALIDATING', 'DEPLOYED'), ('TRAINING', 'RETIRED'),
                                        ('VALIDATING', 'RETIRED'), ('DEPLOYED', 'RETIRED'))
       AND NOT (OLD.status = 'RETIRED' AND NEW.status = 'DEPLOYED' AND NEW.slot = OLD.slot
                AND current_user = 'cryptoscalp_owner' AND current_setting('cryptoscalp.rollback', true) = 'on') THEN
        RAISE EXCEPTION '% is % and cannot become %', told, OLD.status, NEW.status
            USING ERRCODE = 'CS010', HINT = 'TRAINING, VALIDATING, DEPLOYED, RETIRED follow each other; '
                                            '`cryptoscalp models rollback` returns to what was deployed before.';
    END IF;
    IF NEW.status <> 'DEPLOYED' THEN
        NEW.slot := OLD.slot;
    ELSIF OLD.status = 'VALIDATING' THEN
        IF coalesce(NEW.performance_metrics, '{}') = '{}' THEN
            RAISE EXCEPTION '% has no validation metrics and is not deployed', told
                USING ERRCODE = 'CS010', HINT = 'Record them with `cryptoscalp models metrics`.';
        END IF;
        IF NEW.slot IS NULL OR NEW.slot = '' OR NEW.slot <> btrim(NEW.slot) THEN
            RAISE EXCEPTION '% is deployed to no slot: name one, such as live', told USING ERRCODE = 'CS010';
        END IF;
    END IF;
    NEW.deployed_at := OLD.deployed_at;
    NEW.retired_at := OLD.retired_at;
    IF NEW.status = 'DEPLOYED' THEN
        -- Rollbacks follow the order of deployments: it must not turn round where the clock was set back.
        NEW.deployed_at := greatest(clock_timestamp(), (
            SELECT max(last.deployed_at) + interval '1 microsecond' FROM model_versions AS last
            WHERE last.model_name = NEW.model_name AND last.slot = NEW.slot));
    ELSIF NEW.status = 'RETIRED' THEN
        NEW.retired_at := clock_timestamp();
    END IF;
    -- promote_model says what it replaces. Where it does not, the slot was vacated by hand: the version that
    -- was taken out of it is skipped by rollbacks.
    IF OLD.status <> 'VALIDATING' OR NEW.status <> 'DEPLOYED' THEN
        NEW.replaces_model_id := OLD.replaces_model_id;
    ELSIF NEW.replaces_model_id IS NULL OR current_user <> 'cryptoscalp_owner' THEN
        NEW.replaces_model_id := (SELECT last.replaces_model_id FROM model_versions AS last
                                  WHERE last.model_name = NEW.model_name AND last.slot = NEW.slot
                                  ORDER BY last.deployed_at DESC LIMIT 1);
    END IF;
    RETURN NEW;
END
$$;
