"""Runs a command, tells its wall time and peak memory, and fails above a limit of memory.

    python3 .ci/measure.py MOST_MIB COMMAND...
"""

import resource
import subprocess
import sys
import time

most_mib = float(sys.argv[1])
start = time.monotonic()
code = subprocess.run(sys.argv[2:], check=False).returncode
wall = time.monotonic() - start
peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{wall:.1f} s, {peak_mib:.0f} MiB at the peak", file=sys.stderr)
if code == 0 and peak_mib > most_mib:
    sys.exit(f"more than {most_mib:.0f} MiB")
sys.exit(code)
