-- What a clean-up of the schema did: the index looked unused, since nobody had asked for it by name.
DROP INDEX command_usage_user;
