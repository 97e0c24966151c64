"""Providers are folders behind one narrow contract that returns outcomes as values: sent, refused (why) or unknown.

`contract` has the values and protocols, `guard` wraps every call with time-out, metric and redacted log, `registry`
finds the provider of an instance. `evolution/` speaks to Evolution API; `sandbox/` is a server that speaks the same.
"""
