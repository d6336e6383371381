-- 1-second candles live for 30 days and are cut by day; all others are kept and cut by month.
CREATE TABLE candles_1s PARTITION OF candles
    FOR VALUES IN ('1s') PARTITION BY RANGE (timestamp);
CREATE TABLE candles_long PARTITION OF candles
    FOR VALUES IN ('1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w')
    PARTITION BY RANGE (timestamp);
COMMENT ON TABLE candles_1s IS '1-second candles, daily partitions.';
COMMENT ON TABLE candles_long IS 'Candles of 1 minute and more, monthly partitions.';
