"""The life of a message: submit, dispatch, receipts, sweep, resolve, cancel, explain."""
