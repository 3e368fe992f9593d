"""Runs two shell commands in turns and prints the medians of CPU seconds, wall seconds and largest resident
size in bytes of each:  turns.py N COMMAND COMMAND

A size is never seen below that of this program itself, about 11 MB: the kernel counts what a process was
before it became another.

Output goes to a file: what writes to /dev/null may notice, and stop at the first match.
"""
import os, statistics, sys, tempfile, time

def once(command, out):
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.execvp("bash", ["bash", "-c", "exec " + command])
    _, status, use = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit("failed: " + command)
    return use.ru_utime + use.ru_stime, time.monotonic() - begin, use.ru_maxrss * 1024

turns, commands = int(sys.argv[1]), sys.argv[2:4]
with tempfile.TemporaryFile() as out:
    seen = ([], [])
    for _ in range(turns):
        for i in 0, 1:
            out.seek(0)
            out.truncate()
            seen[i].append(once(commands[i], out.fileno()))
print(*(f"{statistics.median(column):.6f}" for rows in seen for column in zip(*rows)))
