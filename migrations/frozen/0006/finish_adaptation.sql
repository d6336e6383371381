-- finish_adaptation
-- Measures an adaptation, once: the version that was adapted and the one that came of it on the same
-- predictions, decided by the rule that was declared with it. The same again returns the row; anything else,
-- and too few predictions, is refused (CS010) and leaves it open. success stays NULL where the metric says
-- nothing: no price moved.
CREATE OR REPLACE FUNCTION finish_adaptation(
    p_adaptation_id bigint, p_result_model_id bigint, p_start timestamptz, p_end timestamptz)
RETURNS adaptation_history
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    one      adaptation_history := open_adaptation(p_adaptation_id);
    result   model_versions := adapted_version(p_result_model_id);
    measured record;
    old      double precision;
    new      double precision;
    gain     double precision;
    least    double precision := (one.success_rule ->> 'min_predictions')::double precision;
    wrong    text[];  -- what, and what to do about it
BEGIN
    IF (one.result_model_id, one.window_start, one.window_end) = (p_result_model_id, p_start, p_end)
       AND one.finished_at IS NOT NULL THEN
        RETURN one;
    END IF;
    wrong := CASE
        WHEN one.finished_at IS NOT NULL THEN
            ARRAY[format('it was %s at %s', CASE WHEN one.result_model_id IS NULL THEN 'abandoned'
                         ELSE 'finished with other terms' END, one.finished_at),
                  '`cryptoscalp adaptations list` shows how it ended; start another one to measure anew.']
        WHEN p_start IS NULL OR p_end IS NULL OR NOT (p_start < p_end) OR NOT isfinite(p_start) OR NOT isfinite(p_end)
            THEN ARRAY['the window has a start and a later end', 'Both are finite times.']
        WHEN p_result_model_id = one.model_id THEN
            ARRAY['nothing came of it but the version that was adapted',
                  'Name the version that came of it, or abandon it.']
        WHEN (SELECT count(DISTINCT (m.target_price, m.target_kind, m.target_interval))
              FROM models AS m JOIN model_versions AS v USING (model_name)
              WHERE v.model_id IN (one.model_id, p_result_model_id)) <> 1 THEN
            ARRAY['the two versions do not predict the same price',
                  'Name a version of a model with the same target, or abandon it.']
        END;
    IF wrong IS NULL THEN
        measured := measure_pairs(one.model_id, p_result_model_id, p_start, p_end);
        IF coalesce((measured.performance_after ->> 'count')::bigint, 0) < least THEN
            wrong := ARRAY[
                format('%s resolved predictions in the window were made by both versions, its rule asks for %s',
                       coalesce(measured.performance_after ->> 'count', '0'), least),
                'Choose a window in which both versions predicted, or abandon it.'];
        END IF;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'adaptation % refused: %', p_adaptation_id, wrong[1] USING ERRCODE = 'CS010', HINT = wrong[2];
    END IF;
    old := (measured.performance_before ->> (one.success_rule ->> 'metric'))::double precision;
    new := (measured.performance_after ->> (one.success_rule ->> 'metric'))::double precision;
    gain := CASE one.success_rule ->> 'direction' WHEN 'lower' THEN old - new ELSE new - old END;
    UPDATE adaptation_history
    SET result_model_id = p_result_model_id, window_start = p_start, window_end = p_end,
        performance_before = measured.performance_before, performance_after = measured.performance_after,
        -- It must be better at all, and by the declared part of what it was.
        success = gain > 0 AND gain >= (one.success_rule ->> 'min_improvement')::double precision * abs(old),
        finished_at = clock_timestamp()
    WHERE adaptation_id = p_adaptation_id RETURNING * INTO one;
    RETURN one;
END
$$;
