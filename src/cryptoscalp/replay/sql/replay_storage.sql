-- replay_storage
-- The JSON of states lies beside the rows, as it is: whoever loads vectors passes it by, and nothing is packed
-- at the writer's cost.
ALTER TABLE experience_replay ALTER COLUMN state SET STORAGE EXTERNAL, ALTER COLUMN next_state SET STORAGE EXTERNAL;
