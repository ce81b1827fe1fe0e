"""Benchmarks. Each module without a leading underscore is one: ``run(server)`` returns
``{"name": …, "runs": n, "median": {figure: value}, "ratio": {figure: value}}``, and
each ratio is measured against its reference in the same run."""
