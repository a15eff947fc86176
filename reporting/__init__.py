"""The mirror: figures, event logs in, bottleneck report, audit CSV."""
