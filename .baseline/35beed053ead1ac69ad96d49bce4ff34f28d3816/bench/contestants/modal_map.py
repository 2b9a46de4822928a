"""The map of Modal's Python client: reads how many inputs to send, a line each, and prints what that took."""

import json
import sys
import time

import modal

add_one = modal.Function.from_name("bench", "add_one")

print("ready", flush=True)
for line in sys.stdin:
    count = int(line)
    started, cpu = time.perf_counter(), time.process_time()
    total = sum(add_one.map(range(count)))
    took = {"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - cpu}
    if total != count * (count + 1) // 2:
        raise SystemExit(f"the results are wrong: {total}")
    print(json.dumps(took), flush=True)
