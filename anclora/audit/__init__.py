"""Who did what to which thing, and when: appended in the transaction of the deed."""
