-- record_limit_checks
-- Takes in what limits of a portfolio were measured at, at one moment; a value that is NULL is unknown, for
-- p_reasons. Opens, raises and ends breaches, with their alerts and halts, all in this transaction. Checkers
-- of a portfolio wait for each other, and what was measured before the newest check counts no more.
-- A breach opens at or above the lowest threshold, or where the value is unknown. It ends when the value has
-- stayed below clear_ratio x that threshold for clear_after (below the threshold itself where it never was
-- reached); an unknown value begins that time anew.
CREATE OR REPLACE FUNCTION record_limit_checks(p_portfolio_id bigint, p_at timestamptz, p_limits bigint[],
                                            p_values numeric[], p_reasons text[])
RETURNS TABLE (limit_id bigint, breach_id bigint, state breach_state, level risk_level, change text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    declared risk_limits;
    b        limit_breaches;
    before   breach_state;
    one      record;
    lowest   numeric;
    reached  risk_level;
    bound    numeric;
    calm     boolean;
    told     text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cryptoscalp risk limits', 7));
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp risk limits of a portfolio', p_portfolio_id));
    IF p_at IS NULL OR p_at > clock_timestamp() + interval '10 minutes' THEN
        RAISE EXCEPTION 'limits were measured at %, which is not over', p_at USING ERRCODE = 'CS010';
    ELSIF 'NaN' = ANY (p_values) THEN
        RAISE EXCEPTION 'a measured value is no number' USING ERRCODE = 'CS010';
    END IF;
    FOR one IN SELECT g.id, g.value, g.reason FROM unnest(p_limits, p_values, p_reasons) AS g (id, value, reason)
               ORDER BY g.id LOOP
        SELECT * INTO declared FROM risk_limits AS l
        WHERE l.limit_id = one.id AND coalesce(l.portfolio_id, p_portfolio_id) = p_portfolio_id
          AND (l.valid_until IS NULL OR l.valid_until > now());
        CONTINUE WHEN NOT FOUND;
        SELECT * INTO b FROM limit_breaches AS x
        WHERE x.limit_id = one.id AND x.portfolio_id = p_portfolio_id ORDER BY x.breach_id DESC LIMIT 1;
        limit_id := one.id;
        breach_id := NULL;
        state := NULL;
        level := NULL;
        change := NULL;
        IF b.checked_at >= p_at THEN
            IF b.closed_at IS NULL THEN
                breach_id := b.breach_id;
                state := b.state;
                level := b.level;
            END IF;
            RETURN NEXT;
            CONTINUE;
        END IF;
        lowest := coalesce(declared.medium_at, declared.high_at, declared.critical_at);
        reached := CASE WHEN one.value >= declared.critical_at THEN 'CRITICAL'
                        WHEN one.value >= declared.high_at THEN 'HIGH'
                        WHEN one.value >= declared.medium_at THEN 'MEDIUM' END;
        bound := CASE reached WHEN 'CRITICAL' THEN declared.critical_at WHEN 'HIGH' THEN declared.high_at
                              WHEN 'MEDIUM' THEN declared.medium_at END;
        before := CASE WHEN b.closed_at IS NULL THEN b.state END;
        IF before IS NULL THEN
            IF one.value IS NOT NULL AND reached IS NULL THEN
                RETURN NEXT;
                CONTINUE;
            END IF;
            INSERT INTO limit_breaches AS x (limit_id, portfolio_id, opened_at, state, level, threshold, opening_value,
                                             peak_value, last_value, reason, times_seen, times_unknown, checked_at)
            VALUES (one.id, p_portfolio_id, p_at,
                    CASE WHEN one.value IS NULL THEN 'UNKNOWN'::breach_state ELSE 'BREACHED' END, reached, bound,
                    one.value, one.value, one.value, CASE WHEN one.value IS NULL THEN one.reason END,
                    (one.value IS NOT NULL)::int, (one.value IS NULL)::int, p_at)
            RETURNING x.* INTO b;
            change := 'OPENED';
        ELSE
            calm := one.value < lowest * CASE WHEN b.level IS NULL THEN 1 ELSE declared.clear_ratio END;
            IF reached IS NOT NULL AND (b.level IS NULL OR reached > b.level) THEN
                change := 'RAISED';
            ELSE
                reached := b.level;
                bound := b.threshold;
            END IF;
            UPDATE limit_breaches AS x
            SET state = CASE WHEN one.value IS NULL THEN 'UNKNOWN'::breach_state WHEN one.value >= lowest THEN 'BREACHED'
                             ELSE 'CLEARING' END,
                level = reached, threshold = bound, peak_value = greatest(x.peak_value, one.value),
                last_value = one.value,
                reason = CASE WHEN one.value IS NULL THEN one.reason ELSE x.reason END,
                times_seen = x.times_seen + coalesce(one.value >= lowest, false)::int,
                times_unknown = x.times_unknown + (one.value IS NULL)::int,
                checked_at = p_at, calm_since = CASE WHEN calm THEN coalesce(x.calm_since, p_at) END
            WHERE x.breach_id = b.breach_id RETURNING x.* INTO b;
            IF b.calm_since IS NOT NULL AND p_at - b.calm_since >= declared.clear_after THEN
                PERFORM close_breach(b, declared, p_at, 'CLEARED');
                change := 'CLOSED';
            END IF;
        END IF;
        breach_id := b.breach_id;
        state := CASE change WHEN 'CLOSED' THEN 'CLOSED'::breach_state ELSE b.state END;
        level := b.level;
        told := format('%s of portfolio %s is %s', limit_named(declared),
                       (SELECT p.name FROM portfolios AS p WHERE p.portfolio_id = p_portfolio_id),
                       CASE WHEN one.value IS NULL THEN format('unknown: %s', coalesce(one.reason, 'no reason is given'))
                            ELSE format('%s, the limit is %s (%s)', trim_scale(round(one.value, 8)), trim_scale(b.threshold),
                                        b.level) END);
        IF change IN ('OPENED', 'RAISED') THEN
            PERFORM tell_risk_alert(
                ('BREACH_' || change)::risk_alert_kind, p_portfolio_id, b.level, b.breach_id, told, p_at,
                jsonb_build_object('breach_id', b.breach_id, 'limit_id', one.id, 'metric', declared.metric,
                                   'value', trim_scale(one.value)::text, 'threshold', trim_scale(b.threshold)::text,
                                   'reason', CASE WHEN one.value IS NULL THEN one.reason END));
        END IF;
        IF (change IN ('OPENED', 'RAISED') AND b.level = 'CRITICAL' AND declared.action = 'HALT')
           OR (one.value IS NULL AND before IS DISTINCT FROM 'UNKNOWN' AND declared.unknown_action = 'HALT') THEN
            PERFORM set_kill_switch(p_portfolio_id, true, told, b.breach_id);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
