"""What the store's numbers have to be: counted, which takes as long as there is to count."""

TRUTH = """
SELECT account, 'messages', count(*) FROM messages GROUP BY account
UNION ALL SELECT account, 'unread', sum(read = 0) FROM messages GROUP BY account
UNION ALL SELECT account, 'sessions', count(*) FROM sessions GROUP BY account
UNION ALL SELECT account, 'refused', sum(refused > 0) FROM sessions GROUP BY account
UNION ALL SELECT m.account, 'recipients ' || r.outcome, count(*)
FROM messages m CROSS JOIN recipients r ON r.message = m.seq GROUP BY 1, 2
"""


def truth(connection):
    """The numbers that are not 0, by account and name."""
    return {row[:2]: row[2] for row in connection.execute(TRUTH) if row[2]}


def kept(connection):
    """The same numbers as the store keeps them."""
    return {row[:2]: row[2] for row in connection.execute("SELECT account, name, number FROM tallies") if row[2]}


def recount(connection):
    """Make the numbers right after rows were put into the tables from outside."""
    connection.execute("DELETE FROM tallies")
    connection.execute(f"INSERT INTO tallies {TRUTH}")
