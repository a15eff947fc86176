"""What is to be expected: scenarios learnt from the past, simulated logs, forecasts."""
