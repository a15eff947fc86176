"""The map on paper: many requests go through the same engine before anybody starts one."""
