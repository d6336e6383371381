-- record_alert_delivery
-- Notes that an alert has reached a receiver, or (p_error) that it has not and is to be tried again: after
-- 30 s, then twice as long each time, at most an hour. What has arrived stays arrived.
CREATE OR REPLACE FUNCTION record_alert_delivery(p_alert_id bigint, p_sink text, p_error text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO risk_alert_deliveries AS d (alert_id, sink, attempts, delivered_at, next_at, error)
    VALUES (p_alert_id, p_sink, 1, CASE WHEN p_error IS NULL THEN clock_timestamp() END,
            CASE WHEN p_error IS NOT NULL THEN clock_timestamp() + interval '30 seconds' END, p_error)
    ON CONFLICT (alert_id, sink) DO UPDATE
    SET attempts = d.attempts + 1, delivered_at = excluded.delivered_at, error = excluded.error,
        next_at = CASE WHEN excluded.error IS NOT NULL
                       THEN clock_timestamp() + least(interval '1 hour',
                                                      interval '30 seconds' * (2 ^ least(d.attempts, 10))) END
    WHERE d.delivered_at IS NULL;
$$;
