"""The tools of agents, one in each module; `agents.toolbox` has their table."""
