-- model_performance_summary
-- The predictions of the last 24 hours by model version and instrument. avg_error is the mean absolute error
-- of those that are resolved (quote currency, or a fraction where the model predicts returns), as they were
-- resolved first; avg_latency is in milliseconds. Over a function: nothing then hangs on the table, which a
-- change of the layout makes again.
CREATE OR REPLACE FUNCTION performance_of_day()
RETURNS TABLE (model_version varchar, symbol symbol, avg_error double precision, avg_latency double precision,
               prediction_count bigint, model_id bigint, model_name varchar, exchange exchange_id)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.model_version, p.symbol, avg(abs(p.prediction - p.actual)), avg(p.latency_ms), count(*), p.model_id,
           v.model_name, p.exchange
    FROM model_performance AS p JOIN model_versions AS v ON v.model_id = p.model_id
    WHERE p.timestamp > now() - interval '24 hours'
    GROUP BY p.model_id, v.model_name, p.model_version, p.symbol, p.exchange;
END
$$;
CREATE OR REPLACE VIEW model_performance_summary AS SELECT * FROM performance_of_day();
