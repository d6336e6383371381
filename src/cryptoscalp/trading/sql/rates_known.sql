-- Reckons every rate that booking these fills would need, as post_trade() does; raises where one lacks.
SELECT count((conversion(f.settle, %(base)s, f.at, %(base)s, f.rates, f.exchange)).rate),
       count(CASE WHEN f.currency <> f.settle AND (f.margined OR f.currency <> f.base)
                  THEN (conversion(f.currency, %(base)s, f.at, %(base)s, f.rates, f.exchange)).rate END)
FROM (SELECT given.*, i.base::text, coalesce(i.settle, CASE WHEN i.inverse THEN i.base ELSE i.quote END)::text AS settle,
             i.settle IS NOT NULL OR i.inverse IS TRUE AS margined
      FROM unnest(%(symbols)s::text[], %(exchanges)s::text[], %(moments)s::timestamptz[], %(currencies)s::text[],
                  %(rates)s::jsonb[]) AS given (symbol, exchange, at, currency, rates)
      JOIN instruments AS i ON i.symbol = given.symbol AND i.exchange = given.exchange) AS f
