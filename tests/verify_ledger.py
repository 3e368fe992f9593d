#!/usr/bin/python3
"""Verifies an incident's ledger. Written from backout-ledger(5) alone, as a second opinion.

usage: verify_ledger.py FOLDER [--head HASH]

Exit status: 0 it holds (a torn last line of an open ledger is a note), 4 it does not, 2 usage.
"""
import fcntl
import hashlib
import json
import os
import sys

END = 75  # ,"hash":"<64 digits>"}


class Damage(Exception):
    pass


def sha(data):
    return hashlib.sha256(data).hexdigest()


def content(path):
    with open(path, "rb") as file:
        return file.read()


def hash_holds(line):
    if len(line) <= END:
        return False
    tail = line[-END:]
    return tail == b',"hash":"' + sha(line[:-END]).encode() + b'"}'


def no_duplicates(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def segments(folder):
    number, result = 1, []
    while True:
        name = "ledger.jsonl" if number == 1 else "ledger-%d.jsonl" % number
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return result
        result.append((name, content(path)))
        number += 1


def frozen_hash(folder, name, lines, member):
    """Of the frozen file; of a ledger that was copied alone, what its first line says."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return sha(content(path))
    try:
        return json.loads(lines[0])[member]
    except (IndexError, KeyError, ValueError):
        return ""


class Chain:
    def __init__(self, beginning):
        self.seq, self.head, self.heads = 0, beginning, {beginning}
        self.last, self.closed, self.seal = None, False, {}

    def take(self, line, where, may_repeat):
        if may_repeat and self.last is not None and line == self.last:
            return
        if not hash_holds(line):
            raise Damage("%s: its hash does not match its bytes" % where)
        try:
            fields = json.loads(line.decode(), object_pairs_hook=no_duplicates)
        except ValueError as error:
            raise Damage("%s: is no JSON: %s" % (where, error))
        if self.closed:
            raise Damage("%s: stands behind incident.closed" % where)
        if fields.get("seq") != self.seq + 1:
            raise Damage("%s: its seq is not %d" % (where, self.seq + 1))
        if fields.get("prev") != self.head:
            raise Damage("%s: its prev is not the hash before it" % where)
        self.seq, self.head, self.last = fields["seq"], fields["hash"], line
        self.heads.add(self.head)
        self.closed = fields.get("event") == "incident.closed"
        self.seal = fields.get("seal", {}) if self.closed else {}


def walk(chain, parts):
    """Takes all whole lines; returns the torn rest and where it stands."""
    rest, where = b"", ""
    for index, (name, data) in enumerate(parts):
        *lines, tail = data.split(b"\n")
        if lines and rest and not (lines[0] + b"\n").startswith(rest):
            raise Damage("%s: is neither whole nor repeated in %s" % (where, name))
        if lines:
            rest = b""
        for number, line in enumerate(lines, 1):
            chain.take(line, "%s line %d" % (name, number), index > 0 and number == 1)
        if tail and (rest or not lines and index > 0):
            # Segments without a whole line are passed over; only the last one's rest counts.
            rest, where = rest or tail, where or "%s line 1" % name
        elif tail:
            rest, where = tail, "%s line %d" % (name, len(lines) + 1)
    return rest, where


def judge_rest(chain, rest, where):
    if not rest:
        return
    if chain.closed:
        raise Damage("%s: stands behind incident.closed" % where)
    for end in range(END, len(rest)):
        if rest[:end].endswith(b'"}') and hash_holds(rest[:end]):
            raise Damage("%s: its end was overwritten" % where)
    print("%s: is torn, and was never acknowledged" % where)


def judge_seal(chain, folder):
    there = {name: os.path.join(folder, name) for name in chain.seal
             if os.path.exists(os.path.join(folder, name))}
    for name, path in there.items():
        if sha(content(path)) != chain.seal[name]:
            raise Damage("%s: does not match its sealed hash" % name)
    missing = sorted(set(chain.seal) - set(there))
    if missing and there:
        raise Damage("%s: is sealed, but missing" % missing[0])
    if missing:
        print("none of the sealed files is here: only the chain was verified")


def verify(folder, head):
    folder = os.path.abspath(folder)
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    parts = segments(folder)
    os.close(lock)
    if not parts:
        raise Damage("%s: has no ledger.jsonl" % folder)
    first = parts[0][1].split(b"\n")
    frozen = [frozen_hash(folder, "runbook.json", first, "runbook_hash"),
              frozen_hash(folder, "target.json", first, "target_hash")]
    chain = Chain(sha("".join(part + "\n" for part in
                              [os.path.basename(folder)] + frozen).encode()))
    judge_rest(chain, *walk(chain, parts))
    if chain.closed:
        judge_seal(chain, folder)
    if head and not any(len(head) >= 16 and known.startswith(head) for known in chain.heads):
        raise Damage("head %s: is not in this chain" % head)
    return chain


def main(arguments):
    head = None
    if len(arguments) == 3 and arguments[1] == "--head":
        head = arguments[2]
    elif len(arguments) != 1:
        print(__doc__.strip().split("\n")[2], file=sys.stderr)
        return 2
    try:
        chain = verify(arguments[0], head)
    except (Damage, OSError) as problem:
        print("damaged: %s" % problem)
        return 4
    print("%d lines, %s, head %s" % (chain.seq, "closed" if chain.closed else "open", chain.head))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
