#!/bin/bash
# The report of one incident in every format. Whatever can be named in its runbook is named so that a
# format would act upon it: the text must come out, and nothing else.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 16

cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": ".sy touch x | <b>T}</b> `x` \\fB",
 "parameters": {"root": {"type": "path", "help": "where the shop lives"}},
 "procedures": {"restart": {"title": "'Restart' \\*[x] \"the\" <i>shop</i> | **now** 中文 💥",
   "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "mark", "say": ".PE </td> | T} _mark_ \\n(.g &amp; [it](http://example.org)",
      "action": {"command": ["touch", "${root}/mark"]},
      "verify": [{"file": "${root}/mark", "exists": true, "say": "'br | ``` <script>x</script>"}]},
     {"id": "say", "say": "Say it", "action": {"command": ["echo", ".TE"]}}]}}}
END
cat >"$work/test.json" <<END
{"target": "test", "system": "shop", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$work"}}
END
"$BACKOUT" run "$work/shop.json" restart --target "$work/test.json" --confirm test >"$work/run.log" 2>&1
id=$("$BACKOUT" incidents --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["incident"])')
head=$("$BACKOUT" verify "$id" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["head"])')
for format in text md html ps pdf json; do
	"$BACKOUT" report "$id" --format $format -o "$work/report.$format" 2>"$work/$format.log"
done

every_format() {
	for format in text md html ps pdf json; do
		[ -s "$work/report.$format" ] && [ ! -s "$work/$format.log" ] ||
			{ echo "$format:"; cat "$work/$format.log" "$work/run.log"; return 1; }
		[ "$(stat -c %a "$work/report.$format")" = 600 ] || { echo "$format can be read by others"; return 1; }
	done
}
# What the pages say, read back from the PDF.
page_text() { pdftotext -layout "$work/report.pdf" "$work/pages"; }
pdf_says() {
	[ "$(head -c 5 "$work/report.pdf")" = "%PDF-" ] && page_text || return 1
	for what in "Incident report $id" 'Decision' 'Execution' 'Validation' 'Times' 'Root cause' \
		'Remediation' 'Lessons learned' 'Sign-off' 'Record' "$head" 'Page 1' \
		".sy touch" '\fB' "'Restart' \\*[x] \"the\" <i>shop</i> | **now** <U+4E2D><U+6587> <U+1F4A5>" \
		'.PE </td> | T} _mark_ \n(.g'; do
		grep -qF -- "$what" "$work/pages" || { echo "missing: $what"; cat "$work/pages"; return 1; }
	done
}
# Every page has the incident, the head and its number below.
footers() {
	page_text && python3 - "$work/pages" "$id" "$head" <<'END'
import sys
pages = open(sys.argv[1]).read().rstrip("\f\n").split("\f")
for number, page in enumerate(pages, 1):
    last = page.rstrip().splitlines()[-1].split()
    assert last == [sys.argv[2], "head", sys.argv[3], "Page", str(number)], last
END
}
postscript() {
	[ "$(head -c 4 "$work/report.ps")" = "%!PS" ] && grep -q '^%%EOF' "$work/report.ps" &&
		grep -q '^%%DocumentMedia: .* 595 842 ' "$work/report.ps"
}
html_is_sound() {
	python3 - "$work/report.html" "$id" "$head" <<'END'
import html.parser, re, sys, xml.dom.minidom
text = open(sys.argv[1], encoding="utf-8").read()
doc = xml.dom.minidom.parseString(text)
class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.data, self.heading = [], [], None
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe", "object", "a", "b", "i"), tag
        for name, value in attrs:
            assert not name.startswith("on") and name not in ("src", "href"), (tag, name)
        if tag == "h2":
            assert self.heading is None, "a heading with nothing below it"
        self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        if tag == "h2":
            self.heading = True
        elif tag in ("p", "td", "pre", "div", "figure"):
            self.heading = None
    def handle_data(self, data):
        self.data.append(data)
parser = Parser()
parser.feed(text)
parser.close()
assert not parser.open
said = "".join(parser.data)
for what in ("'Restart' \\*[x] \"the\" <i>shop</i> | **now** 中文 💥", ".PE </td> | T} _mark_ \\n(.g &amp; [it]",
             "<script>x</script>", "Root cause", "Sign-off", sys.argv[2], sys.argv[3]):
    assert what in said, what
assert "url(" not in text and "@import" not in text
END
}
# The tables have as many cells in every row as their heads have, once escaped bars are out.
md_tables() {
	python3 - "$work/report.md" <<'END'
import re, sys
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
columns, tables = 0, 0
for line in lines:
    bare = line.replace("\\\\", "").replace("\\|", "")
    if not bare.startswith("|"):
        columns = 0
        continue
    if not columns:
        columns, tables = bare.count("|"), tables + 1
    assert bare.count("|") == columns, line
assert tables >= 2, tables
END
}
md_says() {
	grep -qF '# Incident report' "$work/report.md" && grep -qF '## Execution' "$work/report.md" &&
		grep -qF "'Restart' \\\\\\*\\[x\\] \"the\" \\<i\\>shop\\</i\\> \\| \\*\\*now\\*\\* 中文 💥" "$work/report.md" &&
		! grep -q '<script>' "$work/report.md" && grep -qF "head $head" "$work/report.md" &&
		! awk '/^## / && heading { bad = 1 } NF { heading = /^## / } END { exit !bad }' "$work/report.md"
}
same_sections() { # Each heading of the text is in the others.
	grep -B1 '^-\+$' "$work/report.text" | grep -v '^-' >"$work/titles" && [ "$(wc -l <"$work/titles")" -ge 8 ] || return 1
	while read -r title; do
		grep -qF "<h2>$title</h2>" "$work/report.html" && grep -qxF "## $title" "$work/report.md" &&
			{ ! command -v pdftotext >/dev/null || grep -qF "$title" "$work/pages"; } ||
			{ echo "missing: $title"; return 1; }
	done <"$work/titles"
}
# util-linux's script gives the program a terminal.
refused() {
	script -qec "'$BACKOUT' report $id --format pdf; echo status \$?" /dev/null </dev/null >"$work/tty" 2>&1
	grep -q 'status 2' "$work/tty" && grep -q -- "--format pdf -o $id.pdf" "$work/tty" && ! grep -q '%PDF' "$work/tty"
}
piped() { "$BACKOUT" report "$id" --format pdf | head -c 5 | grep -q '^%PDF-'; }
unknown() {
	status 2 "$BACKOUT" report "$id" --format docx 2>"$work/stderr" &&
		grep -q 'text (.*md (.*html (.*ps (.*pdf (.*json (' "$work/stderr"
}
# Without groff: said, with what to install; no file is left.
no_groff() {
	mkdir -p "$work/empty"
	PATH=$work/empty status 1 "$BACKOUT" report "$id" --format pdf -o "$work/none.pdf" 2>"$work/stderr" &&
		grep -q 'install the package groff' "$work/stderr" && [ ! -e "$work/none.pdf" ] &&
		PATH=$work/empty status 0 "$BACKOUT" report "$id" --format html -o "$work/some.html"
}

# ---- What people and logs say ----

# The words that a console takes: a title, notes, a reason, lines of a log that are marked.
hostile() {
	python3 - "$work" <<'END'
import datetime, json, sys
work = sys.argv[1]
nasty = ".sy touch %s/obeyed T} 'br \\fB\\n(.g \"q\" | **b** <b>x</b> `c` 中文 💥 \x1b[31m \u202eabc" % work
long = "x" + "abcdefghij" * 40 + "y"
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
log = "%s,000 - app - ERROR - .TE first %s\n%s,001 - app - ERROR - %s\n" % (now, nasty, now, long)
log += "Traceback (most recent call last):\n  File \"a.py\", line 1\n'br T}\n"
open(work + "/app.log", "wb").write(log.encode() + b"ValueError: \xff\x00 broken\n")
json.dump({"format": 1, "system": "shop", "title": "The shop",
           "parameters": {"root": {"type": "path", "help": "r"}},
           "sources": {"app": {"log": {"path": "${root}/app.log"}}}}, open(work + "/hostile.json", "w"))
json.dump({"target": "test", "system": "shop", "class": "staging", "claim": work + "/claim2",
           "parameters": {"root": work}}, open(work + "/hostile-test.json", "w"))
open(work + "/commands", "w").write("note %s\nnote %s\nnote 'single\nnote .\nseverity critical %s\n" %
                                    (nasty, long, nasty))
END
	{
		sed 's/^/:/' "$work/commands"
		# The log is read in the background; what is not there yet is refused, and asked for again.
		for _ in $(seq 100); do
			BACKOUT_STATE_DIR=$work/state2 "$BACKOUT" log "$(marked_id)" 2>/dev/null | grep -q 'evidence: app: .*ERROR - x' && break
			echo ":evidence app broken"
			sleep 0.1
		done
		echo ":evidence app .TE first"
		echo ":resolve .ds T} 中文"
	} | BACKOUT_STATE_DIR=$work/state2 "$BACKOUT" open "$work/hostile.json" --target "$work/hostile-test.json" \
		--severity low --title "'title T} $(printf '\033[31m') 中文 💥" --plain >"$work/plain.log" 2>&1
	marked=$(marked_id)
	for format in text md html ps pdf json; do
		BACKOUT_STATE_DIR=$work/state2 "$BACKOUT" report "$marked" --format $format -o "$work/marked.$format" || return 1
	done
}
marked_id() { basename "$(ls -d "$work"/state2/incidents/* 2>/dev/null)"; }
# Nothing that was said is lost: in text, HTML and Markdown as it was with the unseen made visible, on paper
# with what fonts lack as <U+XXXX>.
nothing_lost() {
	! command -v pdftotext >/dev/null || pdftotext -raw "$work/marked.pdf" "$work/marked.pages"
	python3 - "$work" <<'END'
import html, json, os, re, sys, unicodedata
work = sys.argv[1]
read = lambda name: open(work + "/" + name, encoding="utf-8").read()
nasty = ".sy touch %s/obeyed T} 'br \\fB\\n(.g \"q\" | **b** <b>x</b> `c` 中文 💥 ^[[31m <U+202E>abc" % work
long = "x" + "abcdefghij" * 40 + "y"
squeezed = lambda text: re.sub(r"[\s|>]", "", text)
paper = lambda text: "".join(c if ord(c) < 127 else "<U+%04X>" % ord(c) for c in text)
said = ["'title T} ^[[31m 中文 💥", nasty, long, "'single", ".TE first " + nasty, "ERROR - " + long,
        "Traceback (most recent call last):", "'br T}", "ValueError: \\xFF^@ broken", ".ds T} 中文"]
pages = {"marked.text": lambda t: t,
         "marked.html": lambda t: html.unescape(re.sub(r"<[^>]*>", "", t)),
         "marked.md": lambda t: re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", t.replace("<br>", " "))}
for name, plain in pages.items():
    text = squeezed(plain(read(name)))
    for what in said:
        assert squeezed(what) in text, (name, what)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", read(name)), name
if os.path.exists(work + "/marked.pages"):
    text = squeezed(read("marked.pages"))
    for what in said:
        assert squeezed(paper(what)) in text, ("pdf", what)
columns = lambda line: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
for line in read("marked.text").splitlines():
    assert columns(line) <= 72, line
facts = json.load(open(work + "/marked.json"))
assert [e["source"] for e in facts["evidence"]] == ["app", "app"], facts["evidence"]
assert long in facts["evidence"][0]["text"] and "'br T}" in facts["evidence"][0]["text"]
assert facts["notes"][1]["text"] == long
END
}
not_obeyed() { [ ! -e "$work/obeyed" ]; }

# ---- A deployment ----

# Decided otherwise than the criteria say; nothing went wrong, so there is no cause to write down.
deployment() {
	mkdir "$work/desk" && echo tickets >"$work/desk/data" && touch "$work/desk/app.log"
	cat >"$work/desk.json" <<END
{"target": "front", "system": "desk", "class": "staging", "claim": "$work/desk/claim",
 "parameters": {"root": "$work/desk"}}
END
	printf ':tick launch cake\n:gate no-go it rains T} 中文\n:gate go the .sun\n' |
		BACKOUT_STATE_DIR=$work/state3 "$BACKOUT" preflight tests/screens/launch launch --at 2037-01-01T00:00:00Z \
			--target "$work/desk.json" --plain >"$work/plain.log" 2>&1
	BACKOUT_STATE_DIR=$work/state3 "$BACKOUT" report "$(basename "$work"/state3/incidents/*)" >"$work/launch.text" || return 1
	for what in '^Deployment report ' 'Decision  *go$' 'Criteria said  *undecided$' 'Because  *the \.sun$' \
		'no-go  *undecided  .*it rains T} 中文$' 'There is cake  *green .*by ' '^Lessons learned$'; do
		grep -q -- "$what" "$work/launch.text" || { echo "missing: $what"; cat "$work/launch.text" "$work/plain.log"; return 1; }
	done
	grep -q 'Gate decided  *[0-9]* d.* before T' "$work/launch.text" && ! grep -qE '^(Root cause|Remediation|Charts|Error details)|Time to (recover|decide)' "$work/launch.text"
}

check "every format is written, for its owner alone" every_format
if command -v pdftotext >/dev/null; then
	check "the PDF says it all, hostile strings too" pdf_says
	check "every page names incident, head and number" footers
else
	skip "the PDF says it all, hostile strings too" "no pdftotext"
	skip "every page names incident, head and number" "no pdftotext"
fi
check "the PostScript is whole" postscript
check "the HTML is well-formed, has no script and fetches nothing" html_is_sound
check "the Markdown's tables hold" md_tables
check "the Markdown says it, escaped" md_says
check "every format has the same sections" same_sections
if command -v script >/dev/null; then check "a PDF is not written to a terminal" refused; else skip "a PDF is not written to a terminal" "no script"; fi
check "a PDF goes through a pipe" piped
check "an unknown format names those there are" unknown
check "without groff the message says what to install" no_groff
check "hostile words of people and logs go into every format" hostile
check "none of them is lost, none is wider than the paper" nothing_lost
check "none of them is obeyed" not_obeyed
check "a deployment: its decisions, who ticked what, no cause to write down" deployment
