"""The clocks of tasks: how long they have taken, when they are late, expire, and stand still."""
