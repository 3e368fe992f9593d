-- A script of somebody who meant well: "move what inactive servers left to the home server". It moves
-- challenges of servers that are in use, and leaves their users where they were.
UPDATE challenges SET guild_id = 1000 WHERE guild_id BETWEEN 1001 AND 1020 AND id % 2 = 0;
UPDATE users SET points = points + 100 WHERE guild_id = 1000;
