#!/bin/bash
# The report of one incident in every format. Whatever can be named in its runbook is named so that a
# format would act upon it: the text must come out, and nothing else.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 12

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
