"""Judge what a script would do by a policy's rules and by what is known of programs."""
