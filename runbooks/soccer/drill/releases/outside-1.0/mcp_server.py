"""Stand-in for the MCP server that knows soccer: JSON-RPC 2.0 on /mcp."""

import time

import standin

TEAMS = ("Arsenal", "Chelsea", "Real Madrid", "Barcelona", "Bayern", "Dortmund", "Inter", "Milan",
         "Lyon", "Marseille")
CALLS, WITHIN_S = 30, 2.0  # tool calls that it takes in so many seconds

server = standin.Bot("MCP")
calls = []


def match(number):
    home, away = TEAMS[number % 10], TEAMS[(number * 3 + 1) % 10]
    return {"id": number, "home": home, "away": away, "league": "Premier League",
            "score": f"{number % 4}-{number % 3}"}


def text(id, league):
    return {"text": f"match {id} in {league}: even"}


TOOLS = {
    "list_matches": lambda: {"ids": list(range(1, 13))},
    "get_match": lambda id: match(id),
    "get_h2h": text, "get_odds": text, "get_statistics": text,
}


def too_many():
    now = time.monotonic()
    calls[:] = [at for at in calls if at > now - WITHIN_S]
    if len(calls) >= CALLS:
        return True
    calls.append(now)
    return False


@server.page("/mcp")
def rpc(db, method, body):
    number = body.get("id")
    if body["method"] == "tools/list":
        return 200, {"jsonrpc": "2.0", "id": number,
                     "result": {"tools": [{"name": name} for name in TOOLS]}}
    if body["method"] != "tools/call" or body["params"]["name"] not in TOOLS:
        return 200, {"jsonrpc": "2.0", "id": number,
                     "error": {"code": -32601, "message": "method not found"}}
    if too_many():
        return 429, {"jsonrpc": "2.0", "id": number,
                     "error": {"code": -32000, "message": "too many requests"}}
    tool = TOOLS[body["params"]["name"]]
    return 200, {"jsonrpc": "2.0", "id": number, "result": tool(**body["params"]["arguments"])}


if __name__ == "__main__":
    server.run()
