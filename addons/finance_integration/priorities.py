"""What goes first: of flows, what came by them, and the jobs that deal with it."""

PRIORITIES = [
    ("1", "First (payments)"),
    ("2", "Normal"),
    ("3", "Last (reference data)"),
]
NORMAL = "2"
JOB_PRIORITY = {"1": 5, "2": 10, "3": 15}  #: queue_job's own is 10, lower goes first
