"""Event logs out: what was done in a workflow, for process-mining tools and for `import_log`."""
