"""The benchmark: how fast and how small the platform is, beside the floor measured in the same run.

`make bench` runs it. No test depends on time; `test_bench.py` only keeps the code alive.
"""
