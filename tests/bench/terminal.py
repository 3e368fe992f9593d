"""A terminal for measurements: a pty that is read as fast as bytes come, and answers nothing; and what /proc
says of the program in it and of its descendants."""
import fcntl, os, pty, select, signal, struct, termios, threading, time

TICK = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """Parent, CPU seconds of the process, and of its children that have ended."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:13])) / TICK, sum(map(int, fields[13:15])) / TICK


def exact(pid, ticks):
    """CPU seconds of one process: to the nanosecond when it is one thread, else in ticks."""
    threads = os.listdir(f"/proc/{pid}/task")
    if len(threads) > 1:
        return ticks
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def tree(root):
    """A process and its descendants: {pid: (own CPU seconds, those of ended children)}."""
    seen = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent, own, ended = stat_of(name)
                seen[int(name)] = (parent, exact(name, own), ended)
            except OSError:
                pass
    family, more = {root}, True
    while more:
        more = {pid for pid, (parent, _, _) in seen.items() if parent in family} - family
        family |= more
    return {pid: seen[pid][1:] for pid in family if pid in seen}


def cpu(root):
    return sum(own + ended for own, ended in tree(root).values())


def memory(pid):
    """Resident and anonymous bytes of one process."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        lines = dict(line.split(":") for line in file if line.count(":") == 1)
    return tuple(int(lines[key].split()[0]) * 1024 for key in ("Rss", "Anonymous"))


class Terminal:
    """A program in a pty of 50 rows and 200 columns. What it writes is counted and thrown away, but for a
    window of a few KB in which texts are looked for."""
    KEEP = 1 << 16

    def __init__(self, argv, env=(), rows=50, columns=200, cwd=None):
        self.argv, self.bytes, self.writes, self.last = argv, 0, 0, 0.0
        self.window, self.wanted, self.seen_at = b"", None, 0.0
        self.changed = threading.Condition()
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if cwd:
                os.chdir(cwd)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            # What curses would take for the size of the screen means something else here.
            kept = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
            os.execvpe(argv[0], argv, {**kept, "TERM": "xterm-256color", **dict(env)})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while True:
            poll.poll()
            try:
                bytes = os.read(self.fd, 1 << 16)
            except OSError:
                break
            now = time.monotonic()
            with self.changed:
                self.bytes += len(bytes)
                self.writes += 1
                self.last = now
                if self.wanted:
                    self.window = (self.window + bytes)[-self.KEEP:]
                    if all(text in self.window for text in self.wanted):
                        self.wanted, self.seen_at = None, now
                        self.changed.notify_all()

    def want(self, *texts):
        """From now on looks for texts; shown() waits until all of them have come."""
        with self.changed:
            self.wanted, self.window = [text.encode() for text in texts], b""

    def shown(self, timeout):
        """The monotonic time at which the wanted texts had come; fails after the timeout."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.wanted is None, timeout):
                raise RuntimeError(f"{self.argv[0]} does not show {self.wanted} within {timeout} s")
            return self.seen_at

    def quiet(self, seconds, timeout):
        """Waits until it has written nothing for so long."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and time.monotonic() - self.last < seconds:
            time.sleep(seconds / 4)

    def key(self, text):
        os.write(self.fd, text.encode())
        return time.monotonic()

    def alive(self):
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def close(self):
        """Ends the program, its descendants too: those that it leaves behind are no business of others."""
        left = [pid for pid in tree(self.pid) if pid != self.pid]
        for pid in [self.pid] + left:
            try:
                os.kill(pid, signal.SIGTERM if pid == self.pid else signal.SIGKILL)
            except OSError:
                pass
        end = time.monotonic() + 2
        while time.monotonic() < end and self.alive_or_reaped():
            time.sleep(.02)
        if self.alive_or_reaped():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.reader.join(2)
        os.close(self.fd)

    def alive_or_reaped(self):
        try:
            return os.waitpid(self.pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:
            return False
