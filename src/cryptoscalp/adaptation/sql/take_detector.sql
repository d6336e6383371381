-- take_detector
-- A detector that watches, held by the caller until its transaction ends; no row when it was stopped.
CREATE OR REPLACE FUNCTION take_detector(p_detector_id bigint) RETURNS SETOF drift_detectors
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT * FROM drift_detectors WHERE detector_id = p_detector_id AND stopped_at IS NULL FOR UPDATE;
$$;
