-- Cash that moved until each moment and after the one before, by currency: n is the moment's place.
SELECT width_bucket(l.timestamp, ARRAY(SELECT at + interval '1 microsecond' FROM unnest(%(moments)s::timestamptz[]) AS at))
           AS n, l.currency::text, sum(l.amount)
FROM cash_ledger AS l
WHERE l.portfolio_id = %(portfolio)s AND l.timestamp <= %(last)s
GROUP BY 1, 2
