CREATE TYPE stress_kind AS ENUM ('HISTORICAL', 'HYPOTHETICAL');

CREATE TABLE stress_test_results (
    test_id BIGINT GENERATED ALWAYS AS IDENTITY,
    test_date TIMESTAMP WITH TIME ZONE NOT NULL,
    scenario_name VARCHAR(100) NOT NULL,
    portfolio_value amount NOT NULL,
    loss_amount amount NOT NULL,
    loss_percentage DOUBLE PRECISION,
    recovery_time_minutes INTEGER,
    risk_metrics JSONB NOT NULL,
    portfolio_id BIGINT NOT NULL,
    base_currency currency NOT NULL,
    kind stress_kind NOT NULL,
    worst_loss_amount amount NOT NULL,
    scenario JSONB NOT NULL,
    scenario_sha256 BYTEA NOT NULL,
    positions JSONB NOT NULL,
    reasons JSONB DEFAULT '{}'::jsonb NOT NULL,
    data_cut TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT stress_test_results_pkey PRIMARY KEY (test_id),
    CONSTRAINT fk_stress_portfolio FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT chk_stress_test CHECK (scenario_name <> '' AND (loss_percentage IS NULL OR (loss_percentage > '-Infinity' AND loss_percentage < 'Infinity')) AND (loss_percentage IS NULL) = (portfolio_value <= 0) AND worst_loss_amount >= 0 AND worst_loss_amount >= loss_amount AND recovery_time_minutes >= 0 AND octet_length(scenario_sha256) = 32 AND jsonb_typeof(positions) = 'array')
);

CREATE INDEX stress_test_results_portfolio_idx ON stress_test_results (portfolio_id, test_date);

CREATE INDEX stress_test_results_scenario_idx ON stress_test_results (scenario_name, test_date);

CREATE UNIQUE INDEX stress_test_results_once_idx ON stress_test_results (portfolio_id, scenario_name, test_date);

COMMENT ON TABLE stress_test_results IS 'What portfolios would lose in declared scenarios (losses above zero), append-only.';

COMMENT ON COLUMN stress_test_results.test_id IS 'its number';

COMMENT ON COLUMN stress_test_results.test_date IS 'as of when the book was read; the same for all scenarios of a run';

COMMENT ON COLUMN stress_test_results.scenario_name IS 'name of the scenario';

COMMENT ON COLUMN stress_test_results.portfolio_value IS 'equity before, in base_currency';

COMMENT ON COLUMN stress_test_results.loss_amount IS 'loss at the end of the scenario (a gain is below zero), in base_currency at its worth before';

COMMENT ON COLUMN stress_test_results.loss_percentage IS 'loss_amount, per cent of portfolio_value; NULL where that is not above zero';

COMMENT ON COLUMN stress_test_results.recovery_time_minutes IS 'until loss_amount is earned again at the mean hourly return before; NULL: see reasons';

COMMENT ON COLUMN stress_test_results.risk_metrics IS 'worst minute, costs, liquidation distance, interval of the recovery';

COMMENT ON COLUMN stress_test_results.portfolio_id IS 'portfolio that was stressed';

COMMENT ON COLUMN stress_test_results.base_currency IS 'currency of the amounts';

COMMENT ON COLUMN stress_test_results.kind IS 'replay of stored candles, or made up';

COMMENT ON COLUMN stress_test_results.worst_loss_amount IS 'greatest loss at any point of the path, zero at least';

COMMENT ON COLUMN stress_test_results.scenario IS 'the scenario as it was declared, defaults among it';

COMMENT ON COLUMN stress_test_results.scenario_sha256 IS 'of the scenario''s text with sorted keys';

COMMENT ON COLUMN stress_test_results.positions IS 'each position''s part in the loss';

COMMENT ON COLUMN stress_test_results.reasons IS 'why a figure is NULL or is to be read with care, by name';

COMMENT ON COLUMN stress_test_results.data_cut IS 'time of the oldest price that it rests on; NULL without positions';

COMMENT ON COLUMN stress_test_results.recorded_at IS 'when this row was written';

