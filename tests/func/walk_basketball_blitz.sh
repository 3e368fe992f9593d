#!/bin/bash
# Basketball Blitz by real keys: the database is locked, and the checklist before a tournament.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/walk.sh.inc
walked basketball-blitz locked 'Suggested: Issue 2: database locked' 'Before a tournament'
