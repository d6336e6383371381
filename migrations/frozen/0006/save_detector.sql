-- save_detector
-- What a detector has become after it took in observations, and the drifts that it found on the way, each
-- with its event for trainers. p_before is the number of observations that the caller built on: another
-- number now means that somebody else was there in between (CS010). p_drifts: objects with observation,
-- timestamp, statistic, threshold and detail. p_since: the position of the last of them.
CREATE OR REPLACE FUNCTION save_detector(
    p_detector_id bigint, p_before bigint, p_observations bigint, p_state bytea, p_state_format text,
    p_position_at timestamptz, p_position_key text, p_since_at timestamptz, p_since_key text, p_drifts jsonb,
    p_note text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    detector drift_detectors;
    found_drifts CONSTANT jsonb := coalesce(p_drifts, '[]');
    wrong    text;
BEGIN
    SELECT * INTO detector FROM drift_detectors WHERE detector_id = p_detector_id FOR UPDATE;
    wrong := CASE
        WHEN detector.detector_id IS NULL THEN 'there is none of that number'
        WHEN detector.stopped_at IS NOT NULL THEN 'it was stopped'
        WHEN detector.observations IS DISTINCT FROM p_before THEN
            format('it has taken in %s observations, not %s', detector.observations, p_before)
        WHEN p_state IS NULL OR p_state_format IS NULL OR p_position_at IS NULL OR p_position_key IS NULL THEN
            'a state and a position are needed'
        WHEN p_observations IS NULL OR p_observations < p_before THEN 'observations cannot become fewer'
        WHEN NOT (detector.position_at IS NULL
                  OR (p_position_at, p_position_key COLLATE "C") > (detector.position_at, detector.position_key)) THEN
            format('its position only goes forward, and %s is not after %s', p_position_at, detector.position_at)
        WHEN jsonb_typeof(found_drifts) <> 'array' THEN 'drifts are an array'
        WHEN CASE WHEN found_drifts = '[]' THEN
                      (p_since_at, p_since_key) IS DISTINCT FROM (detector.since_at, detector.since_key)
                  ELSE ((p_since_at, p_since_key COLLATE "C") <= (p_position_at, p_position_key)
                        AND (detector.position_at IS NULL
                             OR (p_since_at, p_since_key COLLATE "C") > (detector.position_at, detector.position_key)))
                       IS NOT TRUE END THEN
            'its state begins at the last drift'
        WHEN EXISTS (SELECT FROM jsonb_array_elements(found_drifts) AS one
                     WHERE (one ->> 'observation')::bigint NOT BETWEEN p_before + 1 AND p_observations) THEN
            'a drift is at one of the observations taken in now'
        END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'state of drift detector % refused: %', p_detector_id, wrong
            USING ERRCODE = 'CS010', HINT = 'Detectors are run by `cryptoscalp drift check` and its job.';
    END IF;
    UPDATE drift_detectors
    SET observations = p_observations, state = p_state, state_format = p_state_format, position_at = p_position_at,
        position_key = p_position_key, since_at = p_since_at, since_key = p_since_key,
        drifts = drifts + jsonb_array_length(found_drifts), note = coalesce(p_note, note), updated_at = clock_timestamp()
    WHERE detector_id = p_detector_id;
    IF found_drifts = '[]' THEN
        RETURN;  -- an INSERT of no rows would take the lock of events too
    END IF;
    WITH made AS (
        INSERT INTO drift_events (detector_id, timestamp, observation, statistic, threshold, detail)
        SELECT p_detector_id, (one ->> 'timestamp')::timestamptz, (one ->> 'observation')::bigint,
               (one ->> 'statistic')::double precision, (one ->> 'threshold')::double precision, one -> 'detail'
        FROM jsonb_array_elements(found_drifts) WITH ORDINALITY AS given (one, nth) ORDER BY nth
        RETURNING *
    )
    INSERT INTO adaptation_events (timestamp, kind, model_id, symbol, exchange, drift_event_id, payload)
    SELECT made.timestamp, 'DRIFT', detector.model_id, detector.symbol, detector.exchange, made.drift_event_id,
           jsonb_build_object('signal', detector.signal, 'feature', detector.feature, 'algorithm', detector.algorithm,
                              'detector_id', p_detector_id, 'observation', made.observation, 'statistic', made.statistic,
                              'threshold', made.threshold, 'detail', made.detail)
    FROM made ORDER BY made.observation;
END
$$;
