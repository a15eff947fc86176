"""How a request moves: the graph, the tokens on it, and what follows from an event."""
