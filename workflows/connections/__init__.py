"""Where automations call and who may call in, with their secrets."""
