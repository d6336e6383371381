-- refuse_stress_change
-- A stress test stays as it was reckoned: another one is another row. Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION refuse_stress_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: stress tests are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Run the scenario again: cryptoscalp stress run PORTFOLIO --scenario NAME';
END
$$;
