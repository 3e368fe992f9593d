"""Statistics over all servers. Not isolated by guild yet, and not fast."""


def of_guild(db, guild):
    """How busy all servers were in the hours in which users of this one registered: each of these
    hours is looked for among all that was ever asked."""
    db.execute("SELECT count(*), sum(commands) FROM (SELECT (SELECT count(*) FROM command_usage AS c "
               "WHERE substr(c.at, 1, 13) = substr(u.registered_at, 1, 13)) AS commands "
               "FROM users AS u WHERE u.guild_id = ? LIMIT 60)", (guild,))
    users, commands = db.fetchone()
    return f"{commands} commands in the hours in which {users} users of server {guild} registered"
