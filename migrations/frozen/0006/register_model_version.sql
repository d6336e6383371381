-- register_model_version
-- Registers a version in TRAINING under the next number of its model, which is made with default terms where it
-- is not declared. The model's row is locked meanwhile, so that no number is given out twice. Without a label
-- the number is its label. The same content under a label that is there is returned as a duplicate; another
-- content is refused (CS010).
CREATE OR REPLACE FUNCTION register_model_version(
    p_model_name text, p_version text DEFAULT NULL, p_hyperparameters jsonb DEFAULT NULL, p_metrics jsonb DEFAULT NULL,
    p_model_path text DEFAULT NULL, p_artifact_sha256 bytea DEFAULT NULL, p_artifact_bytes bigint DEFAULT NULL,
    p_parent text DEFAULT NULL, p_trained_from timestamptz DEFAULT NULL, p_trained_until timestamptz DEFAULT NULL,
    p_training_data_sha256 bytea DEFAULT NULL, p_code_revision text DEFAULT NULL, p_feature_set text DEFAULT NULL,
    p_tags jsonb DEFAULT '{}', OUT is_duplicate boolean, OUT registered model_versions)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    parent    bigint;
    features  bigint;
    differing text;
BEGIN
    is_duplicate := false;
    IF p_version ~ '^[0-9]*$' OR p_version <> btrim(p_version) OR length(p_version) > 50 THEN
        RAISE EXCEPTION '% is no label of a version', quote_literal(p_version)
            USING ERRCODE = 'CS010', HINT = 'A label has 1 to 50 characters, not digits alone (numbers are given out) '
                                            'and no blanks around it.';
    END IF;
    PERFORM FROM models WHERE model_name = p_model_name;
    IF NOT FOUND THEN
        PERFORM declare_model(p_model_name);
    END IF;
    PERFORM known_model(p_model_name);
    IF p_parent IS NOT NULL THEN
        parent := known_model_version(p_parent);
    END IF;
    IF p_feature_set IS NOT NULL THEN
        SELECT feature_set_id INTO features FROM feature_sets
        WHERE fingerprint = CASE WHEN p_feature_set ~ '^[0-9a-fA-F]{64}$' THEN decode(p_feature_set, 'hex') END
           OR feature_set_id = CASE WHEN p_feature_set ~ '^#[0-9]{1,18}$' THEN substr(p_feature_set, 2)::bigint END;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no feature set %', p_feature_set
                USING ERRCODE = 'CS011', HINT = 'Declare it first; a set is named by its fingerprint in hex.';
        END IF;
    END IF;
    SELECT * INTO registered FROM model_versions WHERE model_name = p_model_name AND version = p_version;
    IF FOUND THEN
        is_duplicate := true;
        SELECT string_agg(name, ', ') INTO differing FROM (VALUES
            ('hyperparameters', registered.hyperparameters IS DISTINCT FROM p_hyperparameters),
            ('metrics', p_metrics IS NOT NULL AND registered.performance_metrics IS DISTINCT FROM p_metrics),
            ('path', registered.model_path IS DISTINCT FROM p_model_path),
            ('artifact', (registered.artifact_sha256, registered.artifact_bytes)
                         IS DISTINCT FROM (p_artifact_sha256, p_artifact_bytes)),
            ('parent', registered.parent_model_id IS DISTINCT FROM parent),
            ('training range', (registered.trained_from, registered.trained_until)
                               IS DISTINCT FROM (p_trained_from, p_trained_until)),
            ('training data', registered.training_data_sha256 IS DISTINCT FROM p_training_data_sha256),
            ('code revision', registered.code_revision IS DISTINCT FROM p_code_revision),
            ('feature set', registered.feature_set_id IS DISTINCT FROM features),
            ('tags', registered.tags IS DISTINCT FROM p_tags)) AS compared (name, differs)
        WHERE differs;
        IF differing IS NOT NULL THEN
            RAISE EXCEPTION 'version % of % is registered with another content: % differ', quote_literal(p_version),
                quote_literal(p_model_name), differing
                USING ERRCODE = 'CS010', HINT = 'Give every version a label of its own, or none.';
        END IF;
        RETURN;
    END IF;
    PERFORM set_config('cryptoscalp.note', '', true), set_config('cryptoscalp.rollback', '', true);
    WITH numbered AS (
        UPDATE models SET last_version_number = last_version_number + 1 WHERE model_name = p_model_name
        RETURNING last_version_number AS number)
    INSERT INTO model_versions AS v (model_name, version, version_number, hyperparameters, performance_metrics, model_path,
                                artifact_sha256, artifact_bytes, parent_model_id, trained_from, trained_until,
                                training_data_sha256, code_revision, feature_set_id, tags)
    SELECT p_model_name, coalesce(p_version, number::text), number, p_hyperparameters, p_metrics, p_model_path,
           p_artifact_sha256, p_artifact_bytes, parent, p_trained_from, p_trained_until, p_training_data_sha256,
           p_code_revision, features, p_tags
    FROM numbered RETURNING v.* INTO registered;
END
$$;
