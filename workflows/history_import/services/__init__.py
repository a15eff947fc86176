"""Commands that write the past of a process, and take it out again."""
