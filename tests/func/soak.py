"""A console on a terminal and a monitor, both watching a system that does everything a hundred times as often as usual:
3,000 lines a second in a log that is rotated every second, by renaming and by copying and cutting, errors that are all
different, files and database that change, commands that fail, alerts that come and go, and keys. Prints of both, after
warm-up, what memory, descriptors and children grew by: medians of the first and of the last third of the time.

   usage: soak.py FOLDER PROGRAM SECONDS
"""
import fcntl, os, pty, select, shutil, sqlite3, statistics, struct, subprocess, sys, termios, time

folder, program, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
LINES, STEP = 3000, 0.05  # a second; how long one turn is
KEYS = "123456?q\x1b/x\r\x1b\tjjkkGgz z"


def anonymous(pid):  # KiB of its own, what files are mapped aside
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Anonymous:"))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return len(f.read().split())


def look(pid):
    return anonymous(pid), len(os.listdir(f"/proc/{pid}/fd")), children(pid)


def console():
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(program, [program, "open", f"{folder}/soak.json", "--target", f"{folder}/target.json", "--title", "soak"])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    os.set_blocking(fd, False)
    return pid, fd


class World:
    def __init__(self):
        self.log, self.n, self.turns = open(f"{folder}/app.log", "a"), 0, 0
        self.began = time.monotonic()
        self.db = sqlite3.connect(f"{folder}/rows.db")
        self.db.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER)")

    def rotate(self, way):
        if way:
            self.log.close()
            os.replace(f"{folder}/app.log", f"{folder}/app.log.1")
            self.log = open(f"{folder}/app.log", "a")
        else:
            shutil.copy(f"{folder}/app.log", f"{folder}/app.log.1")
            os.truncate(f"{folder}/app.log", 0)

    def turn(self):
        stamp, self.turns = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), self.turns + 1
        for _ in range(min(int(LINES * (time.monotonic() - self.began)) - self.n, LINES)):
            self.n += 1
            level = "ERROR" if self.n % 50 == 0 else "WARNING" if self.n % 20 == 0 else "INFO"
            self.log.write(f"{stamp},{self.n % 1000:03} - app.part{self.n % 300} - {level} - request {self.n:x} took {self.n % 977} ms\n")
        self.log.flush()
        if self.turns % 20 == 0:
            self.rotate(self.turns % 40 == 0)
        with open(f"{folder}/number", "w") as f:
            f.write(f"{self.turns // 40 % 2 * 30}\n")
        self.db.execute("INSERT INTO rows VALUES (?)", (self.n,))
        if self.turns % 200 == 0:
            self.db.execute("DELETE FROM rows")
        self.db.commit()


def main():
    said = open(f"{folder}/monitor.lines", "w")
    monitor = subprocess.Popen([program, "monitor", f"{folder}/soak.json", "--target", f"{folder}/target.json"], stdout=said, stderr=said)
    pid, fd = console()
    world, seen, written, last, end, next_look = World(), {"console": [], "monitor": []}, 0, b"", time.monotonic() + seconds, 0
    while time.monotonic() < end:
        world.turn()
        os.write(fd, KEYS[world.turns % len(KEYS)].encode())
        turn_end = time.monotonic() + STEP
        while (left := turn_end - time.monotonic()) > 0:
            if select.select([fd], [], [], left)[0]:
                try:
                    last = os.read(fd, 65536)
                except OSError:
                    sys.exit(f"the console has ended; it said last: {last[-2000:]}")
                written += len(last)
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + 0.25
            seen["console"].append(look(pid))
            seen["monitor"].append(look(monitor.pid))
    os.kill(pid, 9)
    monitor.terminate()
    monitor.wait()
    os.waitpid(pid, 0)
    print(f"# {world.n} lines, {world.turns} keys, {written} bytes to the terminal")
    for name, looks in seen.items():
        third = len(looks) // 3
        first, last = looks[third : 2 * third], looks[2 * third :]
        grown = [int(statistics.median(l[i] for l in last) - statistics.median(l[i] for l in first)) for i in range(3)]
        print(f"# {name}: {looks[-1][0]} KiB, {looks[-1][1]} descriptors, {looks[-1][2]} children at the end")
        print(name, *grown, world.n)


main()
