"""A PostgreSQL cluster of its own with many sessions, for as long as somebody holds it:

    cluster.py FOLDER       makes it in FOLDER, prints its port when it is ready, ends when stdin closes

It listens on a unix socket in FOLDER alone. 100 sessions are idle, 25 hold a transaction open, 15 run a statement.
Every program that is measured has a role of its own, so that pg_stat_statements tells who asks what."""
import ctypes, glob, os, pwd, shutil, signal, socket, struct, subprocess, sys, time

PORT, ROLES = 5432, ("bench_backout", "bench_activity", "bench_top", "bench_app", "bench_look")
SESSIONS = [("", 100), ("BEGIN; SELECT 1", 25), ("SELECT pg_sleep(100000)", 15)]


def program(name):
    beside = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    found = beside[-1] if beside else shutil.which(name)
    if not found:
        sys.exit(f"cluster.py: {name} is missing: apt-get install postgresql")
    return found


class Session:
    """One connection, spoken by hand: what pg_sleep asks for never answers."""

    def __init__(self, folder, role, name):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{folder}/.s.PGSQL.{PORT}")
        words = b"".join(word.encode() + b"\0" for word in
                         ("user", role, "database", "postgres", "application_name", name)) + b"\0"
        self.socket.sendall(struct.pack("!II", len(words) + 8, 196608) + words)
        self.rows()

    def exactly(self, n):
        bytes = b""
        while len(bytes) < n:
            more = self.socket.recv(n - len(bytes))
            if not more:
                raise RuntimeError("the server closed the connection")
            bytes += more
        return bytes

    def rows(self):
        """What comes until the server is ready again: the rows' values as text."""
        rows = []
        while True:
            kind, size = struct.unpack("!cI", self.exactly(5))
            body = self.exactly(size - 4)
            if kind == b"E":
                raise RuntimeError(body.replace(b"\0", b" ").decode(errors="replace"))
            if kind == b"D":
                rows.append(self.values(body))
            if kind == b"Z":
                return rows

    @staticmethod
    def values(body):
        at, values = 2, []
        for _ in range(struct.unpack_from("!H", body)[0]):
            size = struct.unpack_from("!i", body, at)[0]
            values.append(None if size < 0 else body[at + 4:at + 4 + size].decode())
            at += 4 + max(size, 0)
        return values

    def send(self, sql):
        text = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(text) + 4) + text)

    def ask(self, sql):
        self.send(sql)
        return self.rows()

    def value(self, sql):
        return float(self.ask(sql)[0][0])


def server_user():
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def run(folder, argv, **more):
    user = server_user()
    become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=open(f"{folder}/log", "a"), **become, **more)


def ends_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def start(folder):
    user = server_user()
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
    if run(folder, [program("initdb"), "-D", "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]).wait():
        sys.exit(f"cluster.py: initdb failed: {open(folder + '/log').read()}")
    with open(f"{folder}/data/postgresql.conf", "a") as conf:
        conf.write(f"listen_addresses = ''\nport = {PORT}\nunix_socket_directories = '{folder}'\n"
                   "max_connections = 160\nfsync = off\nshared_buffers = 64MB\nautovacuum = off\n"
                   "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track_utility = off\n")
    return run(folder, [program("postgres"), "-D", "data"], preexec_fn=ends_with_parent)


def connect(folder, role, name, server=None):
    end = time.monotonic() + 60
    while True:
        try:
            return Session(folder, role, name)
        except (OSError, RuntimeError):
            if time.monotonic() > end or (server and server.poll() is not None):
                raise
            time.sleep(.05)


def main(folder):
    server, held = start(folder), []
    admin = connect(folder, "postgres", "bench", server)
    admin.ask("CREATE EXTENSION pg_stat_statements")
    for role in ROLES:
        admin.ask(f"CREATE ROLE {role} LOGIN SUPERUSER")
    for sql, n in SESSIONS:
        for i in range(n):
            held.append(Session(folder, "bench_app", f"worker-{i % 7}"))
            if sql:
                held[-1].send(sql)
    print(PORT, server.pid, flush=True)
    sys.stdin.read()
    server.send_signal(signal.SIGQUIT)
    server.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(sys.argv[1])
