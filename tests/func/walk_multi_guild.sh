#!/bin/bash
# The multi-guild bot by real keys: Discord takes no answers, so everything is held; and the list of its launch.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/walk.sh.inc
walked multi-guild discord-down 'Suggested: Maintenance mode on: hold everything' 'Public deployment'
