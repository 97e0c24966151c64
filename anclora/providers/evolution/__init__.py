"""Evolution API: payloads out, outcomes and events in."""
