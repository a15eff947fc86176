"""What an automation step can do: call, mail, set fields, start a workflow."""
