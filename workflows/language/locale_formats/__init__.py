"""How a language writes dates and times, where Handoff differs from Django: FORMAT_MODULE_PATH."""
