"""The plan: what a user wrote, checked, and the graph that it makes."""
