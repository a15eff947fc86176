"""The purchase of the benchmark in Viewflow's terms."""
