#!/bin/bash
# The soccer bot by real keys: soccer is broken and MLB works; and what has to be so before copies are made.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/walk.sh.inc
walked soccer soccer-broken 'Suggested: Scenario 2: soccer off' 'Before copies are made'
