-- keep_open_quantity
-- What is open of a position is the difference of what was entered and what was closed (S23).
CREATE OR REPLACE FUNCTION keep_open_quantity() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.open_quantity := NEW.quantity - NEW.closed_quantity;
    RETURN NEW;
END
$$;
