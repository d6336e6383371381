-- half_even
-- p_amount / p_divisor, rounded once to 18 decimals, a tie to the even digit (S17). Both are exact: the
-- quotient is taken in whole units of the last decimal, with its remainder.
CREATE OR REPLACE FUNCTION half_even(p_amount numeric, p_divisor numeric DEFAULT 1) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    nearest numeric;
    units   numeric;
    rest    numeric;
BEGIN
    IF p_divisor = 1 THEN
        nearest := round(p_amount, 18);
        IF abs(p_amount - nearest) <> 0.0000000000000000005 THEN
            RETURN nearest;
        END IF;
        -- round() takes a tie away from zero.
        units := trunc(p_amount, 18);
        RETURN CASE WHEN (units * 1000000000000000000) % 2 = 0 THEN units ELSE nearest END;
    END IF;
    units := div(abs(p_amount) * 1000000000000000000, abs(p_divisor));
    rest := 2 * (abs(p_amount) * 1000000000000000000 - units * abs(p_divisor));
    IF rest > abs(p_divisor) OR (rest = abs(p_divisor) AND units % 2 = 1) THEN
        units := units + 1;
    END IF;
    -- Not a division: PostgreSQL chooses its scale.
    RETURN sign(p_amount) * sign(p_divisor) * units * 0.000000000000000001;
END
$$;
