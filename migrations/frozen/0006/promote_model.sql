-- promote_model
-- Moves a version from TRAINING to VALIDATING (no slot), or from VALIDATING to DEPLOYED in a slot; what is
-- deployed there is retired in the same transaction. Where it is there already nothing changes. Promotions of a
-- model wait for each other; model_versions_deployed_idx is the last guard.
CREATE OR REPLACE FUNCTION promote_model(p_model text, p_slot text DEFAULT NULL, p_note text DEFAULT NULL)
RETURNS model_versions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    chosen   bigint := known_model_version(p_model);
    promoted model_versions;
    replaced model_versions;
BEGIN
    PERFORM known_model(model_name) FROM model_versions WHERE model_id = chosen;
    SELECT * INTO promoted FROM model_versions WHERE model_id = chosen;
    IF p_slot IS NULL THEN
        IF promoted.status <> 'VALIDATING' THEN
            promoted := move_model_version(chosen, 'VALIDATING', NULL, NULL, false, p_note);
        END IF;
        RETURN promoted;
    END IF;
    IF promoted.status = 'DEPLOYED' AND promoted.slot = p_slot THEN
        RETURN promoted;
    END IF;
    SELECT * INTO replaced FROM model_versions
    WHERE model_name = promoted.model_name AND slot = p_slot AND status = 'DEPLOYED';
    IF FOUND AND promoted.status = 'VALIDATING' THEN
        PERFORM move_model_version(replaced.model_id, 'RETIRED', NULL, NULL, false,
                                   format('replaced by version %s', promoted.version_number));
    END IF;
    RETURN move_model_version(chosen, 'DEPLOYED', p_slot, replaced.model_id, false, p_note);
END
$$;
