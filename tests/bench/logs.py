"""Writes a log at a rate, as a process of its own:

    logs.py FILE LINES-A-SECOND SECONDS WRITES [LAST]

WRITES is `batch` (every 10 ms what is due, in one piece), `each` (one write a line, as Python's loggers do) or
`fast` (as fast as the system takes it; the rate means nothing then). LAST is the text of the last line. Prints how
many lines were written, and the monotonic time of the last write."""
import os, sys, time

LEVELS = ["INFO"] * 18 + ["WARNING", "ERROR"]
TEXTS = ["round %d of session 17 imported, 12 players", "heartbeat ok, latency %d ms, 214 guilds, shard 0 of 1",
         "!ping answered in %d ms for user 90211 in channel 4711", "cache refreshed: %d entries, 3 evicted",
         "pool: %d of 30 connections in use, longest wait 12 ms"]


def lines_of(n, first=0):
    """n lines whose time is to be put in."""
    return [b"@ - bot.core.sessions - %s - %s\n" %
            (LEVELS[i % len(LEVELS)].encode(), (TEXTS[i % len(TEXTS)] % (i * 7919 % 1000)).encode())
            for i in range(first, first + n)]


def stamped(lines, now):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f",{int(now * 1000) % 1000:03}"
    return b"".join(lines).replace(b"@", stamp.encode())


def last_line(text):
    return stamped([b"@ - bot.core.sessions - INFO - " + text.encode() + b"\n"], time.time())


def write_paced(fd, rate, seconds, each):
    lines, written, begin = lines_of(10000), 0, time.monotonic()
    while True:
        spent = time.monotonic() - begin
        due = int(min(spent, seconds) * rate)
        now = time.time()
        while written < due:
            n = min(due - written, len(lines) - written % len(lines), 1 if each else due)
            at = written % len(lines)
            os.write(fd, stamped(lines[at:at + n], now))
            written += n
        if spent >= seconds:
            return written
        time.sleep(.001 if each else .01)


def write_fast(fd, seconds):
    lines, written, end = lines_of(10000), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        os.write(fd, stamped(lines, time.time()))
        written += len(lines)
    return written


def main(path, rate, seconds, writes, last=None):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    seconds = float(seconds)
    written = write_fast(fd, seconds) if writes == "fast" else write_paced(fd, int(rate), seconds, writes == "each")
    if last:
        os.write(fd, last_line(last))
        written += 1
    print(written, repr(time.monotonic()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
