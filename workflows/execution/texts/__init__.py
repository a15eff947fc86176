"""Words for what the read model says, shared by pages and mails."""
