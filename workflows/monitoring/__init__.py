"""Whether all is well: steps, the machine, the trail, the outbox."""
