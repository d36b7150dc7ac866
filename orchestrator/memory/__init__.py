"""Memory: what an agent can look back at, what a repository tells every run, and what runs have learnt."""
