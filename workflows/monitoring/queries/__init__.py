"""Health of steps, readiness of the machine, checks of the trail."""
