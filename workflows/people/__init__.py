"""The people of a site: whom lists mean, who can finish a task, whom to tell."""
