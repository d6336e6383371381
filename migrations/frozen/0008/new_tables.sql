CREATE TYPE performance_period AS ENUM ('1h', '1d', '1w', '1M', 'all');

CREATE TYPE performance_scope AS ENUM ('PORTFOLIO', 'STRATEGY', 'SYMBOL');

CREATE TYPE performance_step AS ENUM ('1m', '1h', '1d');

CREATE TABLE performance_analytics (
    portfolio_id BIGINT NOT NULL,
    scope performance_scope NOT NULL,
    strategy_id BIGINT,
    symbol symbol,
    exchange exchange_id,
    period performance_period NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    through TIMESTAMP WITH TIME ZONE NOT NULL,
    total_return DOUBLE PRECISION,
    sharpe_ratio DOUBLE PRECISION,
    sharpe_low DOUBLE PRECISION,
    sharpe_high DOUBLE PRECISION,
    sortino_ratio DOUBLE PRECISION,
    calmar_ratio DOUBLE PRECISION,
    volatility DOUBLE PRECISION,
    max_drawdown DOUBLE PRECISION,
    win_rate DOUBLE PRECISION,
    profit_factor DOUBLE PRECISION,
    total_trades BIGINT DEFAULT '0' NOT NULL,
    wins BIGINT DEFAULT '0' NOT NULL,
    losses BIGINT DEFAULT '0' NOT NULL,
    avg_win NUMERIC,
    avg_loss NUMERIC,
    gross_profit NUMERIC DEFAULT '0' NOT NULL,
    gross_loss NUMERIC DEFAULT '0' NOT NULL,
    fills BIGINT DEFAULT '0' NOT NULL,
    turnover NUMERIC DEFAULT '0' NOT NULL,
    fees NUMERIC DEFAULT '0' NOT NULL,
    slippage NUMERIC,
    slippage_bps DOUBLE PRECISION,
    slippage_fills BIGINT DEFAULT '0' NOT NULL,
    slippage_notional NUMERIC DEFAULT '0' NOT NULL,
    returns BIGINT NOT NULL,
    gaps BIGINT NOT NULL,
    lacking JSONB DEFAULT '{}'::jsonb NOT NULL,
    reasons JSONB DEFAULT '{}'::jsonb NOT NULL,
    revision INTEGER DEFAULT '0' NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    method TEXT NOT NULL,
    state DOUBLE PRECISION[] NOT NULL,
    CONSTRAINT fk_performance_analytics_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_performance_analytics_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT chk_performance_scope CHECK ((scope = 'SYMBOL') = (symbol IS NOT NULL) AND (symbol IS NULL) = (exchange IS NULL) AND (scope = 'STRATEGY') = (strategy_id IS NOT NULL)),
    CONSTRAINT chk_performance_numbers CHECK ((total_return IS NULL OR (total_return > '-Infinity' AND total_return < 'Infinity')) AND (sharpe_ratio IS NULL OR (sharpe_ratio > '-Infinity' AND sharpe_ratio < 'Infinity')) AND (sharpe_low IS NULL OR (sharpe_low > '-Infinity' AND sharpe_low < 'Infinity')) AND (sharpe_high IS NULL OR (sharpe_high > '-Infinity' AND sharpe_high < 'Infinity')) AND (sortino_ratio IS NULL OR (sortino_ratio > '-Infinity' AND sortino_ratio < 'Infinity')) AND (calmar_ratio IS NULL OR (calmar_ratio > '-Infinity' AND calmar_ratio < 'Infinity')) AND (volatility IS NULL OR (volatility > '-Infinity' AND volatility < 'Infinity')) AND (max_drawdown IS NULL OR (max_drawdown > '-Infinity' AND max_drawdown < 'Infinity')) AND (win_rate IS NULL OR (win_rate > '-Infinity' AND win_rate < 'Infinity')) AND (profit_factor IS NULL OR (profit_factor > '-Infinity' AND profit_factor < 'Infinity')) AND (slippage_bps IS NULL OR (slippage_bps > '-Infinity' AND slippage_bps < 'Infinity')) AND max_drawdown >= 0 AND win_rate BETWEEN 0 AND 1 AND total_trades >= wins + losses AND wins >= 0 AND losses >= 0 AND gross_profit >= 0 AND gross_loss >= 0 AND turnover >= 0 AND returns >= 0 AND gaps >= 0 AND through >= started_at)
)
 WITH (fillfactor = 70);

CREATE UNIQUE INDEX performance_analytics_key ON performance_analytics (portfolio_id, period, timestamp, scope, strategy_id, symbol, exchange) NULLS NOT DISTINCT;

COMMENT ON TABLE performance_analytics IS 'Performance by calendar window in UTC, kept up by record_performance(): the job refresh_performance folds each bucket once.';

COMMENT ON COLUMN performance_analytics.portfolio_id IS 'portfolio whose capital it is';

COMMENT ON COLUMN performance_analytics.scope IS 'PORTFOLIO: all of it; STRATEGY, SYMBOL: what that one made of its capital';

COMMENT ON COLUMN performance_analytics.strategy_id IS 'strategy, where scope is STRATEGY';

COMMENT ON COLUMN performance_analytics.symbol IS 'symbol, where scope is SYMBOL';

COMMENT ON COLUMN performance_analytics.exchange IS 'its exchange, where scope is SYMBOL';

COMMENT ON COLUMN performance_analytics.period IS 'length of the window, in UTC';

COMMENT ON COLUMN performance_analytics.timestamp IS 'start of the window; 1970 for all';

COMMENT ON COLUMN performance_analytics.started_at IS 'start of the first bucket';

COMMENT ON COLUMN performance_analytics.through IS 'data cut: end of the last bucket, with all that happened until then';

COMMENT ON COLUMN performance_analytics.total_return IS 'compounded; 0.01 is 1 %';

COMMENT ON COLUMN performance_analytics.sharpe_ratio IS 'annualized at 365 days, risk-free rate 0, ddof 1';

COMMENT ON COLUMN performance_analytics.sharpe_low IS 'lower end of its 95 % interval';

COMMENT ON COLUMN performance_analytics.sharpe_high IS 'upper end of its 95 % interval';

COMMENT ON COLUMN performance_analytics.sortino_ratio IS 'annualized at 365 days, target 0';

COMMENT ON COLUMN performance_analytics.calmar_ratio IS 'annualized compounded return / max_drawdown';

COMMENT ON COLUMN performance_analytics.volatility IS 'standard deviation of returns, annualized';

COMMENT ON COLUMN performance_analytics.max_drawdown IS 'greatest fall from a peak, as a fraction of it; 0 or more';

COMMENT ON COLUMN performance_analytics.win_rate IS 'wins / total_trades; trades of exactly zero are no wins';

COMMENT ON COLUMN performance_analytics.profit_factor IS 'gross_profit / gross_loss';

COMMENT ON COLUMN performance_analytics.total_trades IS 'positions closed in the window, from entry to exit';

COMMENT ON COLUMN performance_analytics.wins IS 'of them above zero, after fees and funding';

COMMENT ON COLUMN performance_analytics.losses IS 'of them below zero';

COMMENT ON COLUMN performance_analytics.avg_win IS 'gross_profit / wins, base currency';

COMMENT ON COLUMN performance_analytics.avg_loss IS 'gross_loss / losses, base currency; above zero';

COMMENT ON COLUMN performance_analytics.gross_profit IS 'sum of wins, base currency';

COMMENT ON COLUMN performance_analytics.gross_loss IS 'sum of losses, base currency; 0 or more';

COMMENT ON COLUMN performance_analytics.fills IS 'fills in the window';

COMMENT ON COLUMN performance_analytics.turnover IS 'notional of the fills, base currency';

COMMENT ON COLUMN performance_analytics.fees IS 'paid (above zero) or received, base currency';

COMMENT ON COLUMN performance_analytics.slippage IS 'lost (above zero) against the quotes at the decisions, base currency';

COMMENT ON COLUMN performance_analytics.slippage_bps IS 'slippage in basis points of slippage_notional';

COMMENT ON COLUMN performance_analytics.slippage_fills IS 'fills whose quote at the decision is known';

COMMENT ON COLUMN performance_analytics.slippage_notional IS 'their notional, base currency';

COMMENT ON COLUMN performance_analytics.returns IS 'returns of whole buckets: n';

COMMENT ON COLUMN performance_analytics.gaps IS 'buckets at whose start or end a price or a rate is missing';

COMMENT ON COLUMN performance_analytics.lacking IS 'what is missing there, and until when it was last missing';

COMMENT ON COLUMN performance_analytics.reasons IS 'why a measure is NULL, by its name';

COMMENT ON COLUMN performance_analytics.revision IS 'how often history before `through` changed and it was reckoned again';

COMMENT ON COLUMN performance_analytics.computed_at IS 'when it was last written';

COMMENT ON COLUMN performance_analytics.method IS 'name and version of the method';

COMMENT ON COLUMN performance_analytics.state IS 'what the next bucket is folded into; analytics/fold.py has its layout';

CREATE TABLE performance_progress (
    portfolio_id BIGINT NOT NULL,
    step performance_step NOT NULL,
    began TIMESTAMP WITH TIME ZONE NOT NULL,
    through TIMESTAMP WITH TIME ZONE NOT NULL,
    holding JSONB NOT NULL,
    trade_floor BIGINT,
    entry_floor BIGINT,
    pending_until TIMESTAMP WITH TIME ZONE,
    dirty_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT performance_progress_pkey PRIMARY KEY (portfolio_id, step),
    CONSTRAINT fk_performance_progress_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT
)
 WITH (fillfactor = 50);

COMMENT ON TABLE performance_progress IS 'How far the performance of each portfolio is reckoned, by length of bucket.';

COMMENT ON COLUMN performance_progress.portfolio_id IS 'portfolio whose performance it is';

COMMENT ON COLUMN performance_progress.step IS 'length of the buckets';

COMMENT ON COLUMN performance_progress.began IS 'time of the first movement of its cash or positions';

COMMENT ON COLUMN performance_progress.through IS 'end of the last bucket that was folded';

COMMENT ON COLUMN performance_progress.holding IS 'cash and positions at `through`, exactly, and what prices it needs';

COMMENT ON COLUMN performance_progress.trade_floor IS 'no trade before this id is new to this step';

COMMENT ON COLUMN performance_progress.entry_floor IS 'no cash entry before this id is new to this step';

COMMENT ON COLUMN performance_progress.pending_until IS 'time of the latest of those';

COMMENT ON COLUMN performance_progress.dirty_since IS 'history at and after it changed before `through`';

CREATE TABLE performance_instruments (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    portfolio_id BIGINT NOT NULL,
    CONSTRAINT performance_instruments_pkey PRIMARY KEY (symbol, exchange, portfolio_id),
    CONSTRAINT fk_performance_instruments_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT fk_performance_instruments_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT
);

COMMENT ON TABLE performance_instruments IS 'Whose performance a late price changes.';

COMMENT ON COLUMN performance_instruments.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN performance_instruments.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN performance_instruments.portfolio_id IS 'portfolio that was valued with its prices';

CREATE TABLE performance_changes (
    change_id BIGINT GENERATED ALWAYS AS IDENTITY,
    portfolio_id BIGINT,
    symbol symbol,
    exchange exchange_id,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    trade_floor BIGINT,
    entry_floor BIGINT,
    order_floor BIGINT,
    transaction BIGINT DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT performance_changes_pkey PRIMARY KEY (change_id),
    CONSTRAINT fk_performance_changes_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT chk_performance_change CHECK ((portfolio_id IS NULL) = (symbol IS NOT NULL) AND (symbol IS NULL) = (exchange IS NULL))
);

CREATE INDEX performance_changes_portfolio_idx ON performance_changes (portfolio_id) WHERE portfolio_id IS NOT NULL;

CREATE INDEX performance_changes_symbol_idx ON performance_changes (symbol, exchange, transaction) WHERE symbol IS NOT NULL;

COMMENT ON TABLE performance_changes IS 'What was booked, or became known late, since the last refresh; written by triggers, deleted once it is taken in.';

COMMENT ON COLUMN performance_changes.change_id IS 'its number';

COMMENT ON COLUMN performance_changes.portfolio_id IS 'portfolio that a trade or cash was booked in';

COMMENT ON COLUMN performance_changes.symbol IS 'or the symbol whose candles changed afterwards';

COMMENT ON COLUMN performance_changes.exchange IS 'and its exchange';

COMMENT ON COLUMN performance_changes.since IS 'what was so from when on';

COMMENT ON COLUMN performance_changes.until IS 'time of the latest of it';

COMMENT ON COLUMN performance_changes.trade_floor IS 'lowest trade id, for trades';

COMMENT ON COLUMN performance_changes.entry_floor IS 'lowest entry id, for cash without a trade';

COMMENT ON COLUMN performance_changes.order_floor IS 'lowest id of a trade that fills a known order';

COMMENT ON COLUMN performance_changes.transaction IS 'transaction that changed it';

CREATE TABLE fill_slippage (
    trade_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    quoted_at TIMESTAMP WITH TIME ZONE,
    quoted price,
    slippage NUMERIC,
    notional NUMERIC,
    measured_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT fill_slippage_pkey PRIMARY KEY (trade_id),
    CONSTRAINT fk_fill_slippage_trades FOREIGN KEY(trade_id) REFERENCES trades (trade_id) ON DELETE RESTRICT,
    CONSTRAINT fk_fill_slippage_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_fill_slippage_orders FOREIGN KEY(order_id) REFERENCES orders (order_id) ON DELETE RESTRICT,
    CONSTRAINT chk_fill_slippage CHECK ((quoted IS NULL) = (slippage IS NULL) AND (quoted IS NULL) = (notional IS NULL) AND (quoted IS NULL) = (quoted_at IS NULL))
);

CREATE INDEX fill_slippage_portfolio_id_idx ON fill_slippage (portfolio_id, trade_id);

COMMENT ON TABLE fill_slippage IS 'Slippage of each fill of a known order, measured once, append-only: quotes that come later change nothing.';

COMMENT ON COLUMN fill_slippage.trade_id IS 'the fill';

COMMENT ON COLUMN fill_slippage.portfolio_id IS 'its portfolio';

COMMENT ON COLUMN fill_slippage.order_id IS 'the order whose decision counts';

COMMENT ON COLUMN fill_slippage.decided_at IS 'when it was decided, by order_events';

COMMENT ON COLUMN fill_slippage.quoted_at IS 'time of the quote in force then; NULL when none is known';

COMMENT ON COLUMN fill_slippage.quoted IS 'ask for a BUY, bid for a SELL';

COMMENT ON COLUMN fill_slippage.slippage IS 'lost (above zero) or gained against it, base currency';

COMMENT ON COLUMN fill_slippage.notional IS 'notional of the fill, base currency';

COMMENT ON COLUMN fill_slippage.measured_at IS 'when it was measured';
