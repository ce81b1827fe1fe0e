from . import finance_bench_event
