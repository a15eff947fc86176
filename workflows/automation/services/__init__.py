"""Commands of the background: delivery of the outbox, attempts, subworkflows."""
