"""The only writers. Each public function is one command and one transaction:

lock the request, ask `why_not`, `advance`, hand the effects to the one table of handlers, write
rows, history and trail together. `workflows.services.tasks.decide` is the one to read first.
"""
