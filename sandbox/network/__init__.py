"""The way out of a sandbox: a list of hosts, and a proxy on this machine's side that holds requests to it."""
