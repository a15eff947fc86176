"""What messages from outside need: who may send one, which wait takes it, which is still
to come, and the signals that go to many requests."""
