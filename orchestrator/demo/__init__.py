"""The demo: a sample repository, a plan for it, and the recorded answers that carry the plan out."""
