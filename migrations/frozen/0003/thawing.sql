-- Whether this session brings a day back from the cold tier: its rows are counted and its candles made
-- by finish_thaw(), so that the insert triggers neither merge nor refuse. Only for the capture role.
CREATE OR REPLACE FUNCTION thawing() RETURNS boolean
LANGUAGE sql STABLE
RETURN current_setting('cryptoscalp.thawing', true) = 'on'
       AND current_setting('role') = 'cryptoscalp_capture';
