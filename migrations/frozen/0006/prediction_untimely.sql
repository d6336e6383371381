-- prediction_untimely
-- Why a prediction may not be recorded now unless it is said to be a backfill, or NULL.
CREATE OR REPLACE FUNCTION prediction_untimely(
    p_status model_status, p_due_at timestamptz, p_now timestamptz, p_backfill boolean
) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN p_backfill THEN NULL
        WHEN p_due_at <= p_now
            THEN format('it was due at %s: its outcome could be known; say so (backfill)', p_due_at)
        WHEN p_status IN ('TRAINING', 'RETIRED')
            THEN format('the model version is %s, it does not predict now; a past prediction is a backfill', p_status)
    END
$$;
