CREATE TYPE risk_level AS ENUM ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

CREATE TYPE risk_scope AS ENUM ('PORTFOLIO', 'STRATEGY', 'SYMBOL', 'EXCHANGE');

CREATE TYPE var_estimator AS ENUM ('HISTORICAL', 'GAUSSIAN', 'STUDENT_T', 'CORNISH_FISHER', 'EWMA_HISTORICAL');

CREATE TABLE risk_backtests (
    backtest_id BIGINT GENERATED ALWAYS AS IDENTITY,
    portfolio_id BIGINT NOT NULL,
    scope risk_scope NOT NULL,
    subject TEXT NOT NULL,
    estimator var_estimator NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    horizon candle_interval NOT NULL,
    lookback INTERVAL NOT NULL,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    pnl_kind TEXT DEFAULT 'HYPOTHETICAL' NOT NULL,
    observations INTEGER NOT NULL,
    exceptions INTEGER NOT NULL,
    expected DOUBLE PRECISION NOT NULL,
    skipped INTEGER NOT NULL,
    transitions TEXT NOT NULL,
    kupiec DOUBLE PRECISION,
    kupiec_p DOUBLE PRECISION,
    independence DOUBLE PRECISION,
    independence_p DOUBLE PRECISION,
    conditional DOUBLE PRECISION,
    conditional_p DOUBLE PRECISION,
    reasons JSONB NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT risk_backtests_pkey PRIMARY KEY (backtest_id),
    CONSTRAINT fk_risk_backtests_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT chk_backtest CHECK (observations >= 0 AND exceptions >= 0 AND exceptions <= observations AND skipped >= 0 AND expected >= 0 AND end_time > start_time AND confidence > 0.5 AND confidence < 1 AND pnl_kind = 'HYPOTHETICAL' AND jsonb_typeof(reasons) = 'array'),
    CONSTRAINT chk_backtest_statistics CHECK ((kupiec IS NULL OR (kupiec > '-Infinity' AND kupiec < 'Infinity')) AND (independence IS NULL OR (independence > '-Infinity' AND independence < 'Infinity')) AND (conditional IS NULL OR (conditional > '-Infinity' AND conditional < 'Infinity')) AND (kupiec_p IS NULL OR (kupiec_p >= 0 AND kupiec_p <= 1)) AND (independence_p IS NULL OR (independence_p >= 0 AND independence_p <= 1)) AND (conditional_p IS NULL OR (conditional_p >= 0 AND conditional_p <= 1)))
);

CREATE INDEX risk_backtests_portfolio_idx ON risk_backtests (portfolio_id, end_time);

COMMENT ON TABLE risk_backtests IS 'VaR rows against the P&L that followed, append-only.';

COMMENT ON COLUMN risk_backtests.backtest_id IS 'its number';

COMMENT ON COLUMN risk_backtests.portfolio_id IS 'whose VaR was tested';

COMMENT ON COLUMN risk_backtests.scope IS 'the portfolio, or a part of it';

COMMENT ON COLUMN risk_backtests.subject IS 'strategy, SYMBOL@exchange or exchange; empty for the portfolio, and for positions without a strategy';

COMMENT ON COLUMN risk_backtests.estimator IS 'how the tail is estimated';

COMMENT ON COLUMN risk_backtests.confidence IS 'of not losing more, above 0.5 and below 1';

COMMENT ON COLUMN risk_backtests.horizon IS 'over which a loss is meant; returns are of candles of this length';

COMMENT ON COLUMN risk_backtests.lookback IS 'length of the history used';

COMMENT ON COLUMN risk_backtests.start_time IS 'rows of risk_metrics from here on were tested';

COMMENT ON COLUMN risk_backtests.end_time IS 'whose horizon had ended by then';

COMMENT ON COLUMN risk_backtests.pnl_kind IS 'HYPOTHETICAL: what the positions of the row would have come to, unchanged';

COMMENT ON COLUMN risk_backtests.observations IS 'rows compared, horizons apart';

COMMENT ON COLUMN risk_backtests.exceptions IS 'losses above the VaR';

COMMENT ON COLUMN risk_backtests.expected IS 'exceptions that the confidence allows for';

COMMENT ON COLUMN risk_backtests.skipped IS 'rows without a VaR or a later price';

COMMENT ON COLUMN risk_backtests.transitions IS 'neighbours without and with an exception: n00,n01,n10,n11';

COMMENT ON COLUMN risk_backtests.kupiec IS 'likelihood ratio of the share of exceptions (Kupiec 1995)';

COMMENT ON COLUMN risk_backtests.kupiec_p IS 'its p-value, chi-square with 1 degree';

COMMENT ON COLUMN risk_backtests.independence IS 'likelihood ratio of independence (Christoffersen 1998)';

COMMENT ON COLUMN risk_backtests.independence_p IS 'its p-value, chi-square with 1 degree';

COMMENT ON COLUMN risk_backtests.conditional IS 'conditional coverage: the sum of both';

COMMENT ON COLUMN risk_backtests.conditional_p IS 'its p-value, chi-square with 2 degrees';

COMMENT ON COLUMN risk_backtests.reasons IS 'why a figure is NULL, what has to be known';

COMMENT ON COLUMN risk_backtests.recorded_at IS 'when this row was written';

CREATE TABLE risk_metrics (
    portfolio_id BIGINT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    scope risk_scope NOT NULL,
    subject TEXT NOT NULL,
    estimator var_estimator NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    horizon candle_interval NOT NULL,
    lookback INTERVAL NOT NULL,
    revision INTEGER DEFAULT '0' NOT NULL,
    sign TEXT DEFAULT 'LOSS_POSITIVE' NOT NULL,
    base_currency currency NOT NULL,
    portfolio_value amount NOT NULL,
    total_exposure amount NOT NULL,
    net_exposure amount NOT NULL,
    margin_used amount NOT NULL,
    available_margin amount NOT NULL,
    leverage_ratio DOUBLE PRECISION,
    drawdown DOUBLE PRECISION,
    max_drawdown DOUBLE PRECISION,
    drawdown_since TIMESTAMP WITH TIME ZONE,
    value_at_risk amount,
    var_95 amount,
    expected_shortfall amount,
    n INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    coverage DOUBLE PRECISION NOT NULL,
    data_cut TIMESTAMP WITH TIME ZONE,
    risk_level risk_level NOT NULL,
    components JSONB NOT NULL,
    reasons JSONB NOT NULL,
    parameters JSONB NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT risk_metrics_pkey PRIMARY KEY (portfolio_id, timestamp, scope, subject, estimator, confidence, horizon, lookback, revision),
    CONSTRAINT fk_risk_metrics_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT chk_risk_method CHECK (confidence > 0.5 AND confidence < 1 AND lookback > interval '0' AND revision >= 0 AND sign = 'LOSS_POSITIVE' AND (scope <> 'PORTFOLIO' OR subject = '')),
    CONSTRAINT chk_risk_amounts CHECK (total_exposure >= 0 AND abs(net_exposure) <= total_exposure AND margin_used >= 0 AND n >= 0 AND excluded >= 0 AND coverage >= 0 AND coverage <= 1),
    CONSTRAINT chk_risk_ratios CHECK ((leverage_ratio IS NULL OR (leverage_ratio > '-Infinity' AND leverage_ratio < 'Infinity')) AND (drawdown IS NULL) = (max_drawdown IS NULL) AND (drawdown IS NULL OR (drawdown >= 0 AND drawdown <= max_drawdown AND max_drawdown <= 1))),
    CONSTRAINT chk_risk_shortfall CHECK ((value_at_risk IS NULL) = (expected_shortfall IS NULL) AND expected_shortfall >= value_at_risk - 1e-9 * abs(value_at_risk)),
    CONSTRAINT chk_risk_documents CHECK (jsonb_typeof(components) = 'array' AND jsonb_typeof(reasons) = 'array' AND jsonb_typeof(parameters) = 'object' AND (reasons <> '[]' OR (value_at_risk IS NOT NULL AND var_95 IS NOT NULL AND leverage_ratio IS NOT NULL AND max_drawdown IS NOT NULL))),
    CONSTRAINT chk_risk_times CHECK (timestamp <= recorded_at + interval '1 minute' AND (data_cut IS NULL OR data_cut <= timestamp))
);

COMMENT ON TABLE risk_metrics IS 'What portfolios and their parts may lose, append-only. A figure that is NULL has a reason.';

COMMENT ON COLUMN risk_metrics.portfolio_id IS 'whose risk it is';

COMMENT ON COLUMN risk_metrics.timestamp IS 'as of when positions and prices are';

COMMENT ON COLUMN risk_metrics.scope IS 'the portfolio, or a part of it';

COMMENT ON COLUMN risk_metrics.subject IS 'strategy, SYMBOL@exchange or exchange; empty for the portfolio, and for positions without a strategy';

COMMENT ON COLUMN risk_metrics.estimator IS 'how the tail is estimated';

COMMENT ON COLUMN risk_metrics.confidence IS 'of not losing more, above 0.5 and below 1';

COMMENT ON COLUMN risk_metrics.horizon IS 'over which a loss is meant; returns are of candles of this length';

COMMENT ON COLUMN risk_metrics.lookback IS 'length of the history used';

COMMENT ON COLUMN risk_metrics.revision IS 'above 0: reckoned again, and other than before, as late data came in';

COMMENT ON COLUMN risk_metrics.sign IS 'of VaR and expected shortfall: a loss is above zero';

COMMENT ON COLUMN risk_metrics.base_currency IS 'currency of the amounts';

COMMENT ON COLUMN risk_metrics.portfolio_value IS 'equity of the whole portfolio, open gains and losses included';

COMMENT ON COLUMN risk_metrics.total_exposure IS 'gross notional of the positions meant';

COMMENT ON COLUMN risk_metrics.net_exposure IS 'notional of the long less that of the short ones';

COMMENT ON COLUMN risk_metrics.margin_used IS 'notional over leverage of derivatives and spot shorts meant';

COMMENT ON COLUMN risk_metrics.available_margin IS 'equity less all margin used, of the whole portfolio';

COMMENT ON COLUMN risk_metrics.leverage_ratio IS 'total_exposure over equity; NULL where equity is not above zero';

COMMENT ON COLUMN risk_metrics.drawdown IS 'below the peak now, as a fraction of it; of portfolios';

COMMENT ON COLUMN risk_metrics.max_drawdown IS 'the greatest drawdown since drawdown_since; of portfolios';

COMMENT ON COLUMN risk_metrics.drawdown_since IS 'first moment of the series of drawdowns';

COMMENT ON COLUMN risk_metrics.value_at_risk IS 'loss over the horizon that is not exceeded with the confidence';

COMMENT ON COLUMN risk_metrics.var_95 IS 'the same at 95 %, whatever the confidence';

COMMENT ON COLUMN risk_metrics.expected_shortfall IS 'mean loss beyond the VaR, at the confidence';

COMMENT ON COLUMN risk_metrics.n IS 'periods used';

COMMENT ON COLUMN risk_metrics.excluded IS 'periods left out: a price was missing';

COMMENT ON COLUMN risk_metrics.coverage IS 'share of gross exposure that has candles, 0 to 1';

COMMENT ON COLUMN risk_metrics.data_cut IS 'end of the last candle used; NULL where none was needed';

COMMENT ON COLUMN risk_metrics.risk_level IS 'by the thresholds in parameters';

COMMENT ON COLUMN risk_metrics.components IS 'each position and currency held, with its part of VaR and shortfall';

COMMENT ON COLUMN risk_metrics.reasons IS 'figure and text: why one is NULL, what decided the level';

COMMENT ON COLUMN risk_metrics.parameters IS 'what the estimator fitted; thresholds, kind of price, given rates';

COMMENT ON COLUMN risk_metrics.recorded_at IS 'when this row was written';
