"""Commands on a workflow in use: pause, resume, retire."""
