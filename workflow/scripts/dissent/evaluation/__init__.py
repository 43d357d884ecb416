"""How good masks are: scores, intervals, cells, when to stop, and what to mistrust."""
