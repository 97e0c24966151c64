"""A server that speaks Evolution API, scripted by a file and held to recordings of a real one."""
