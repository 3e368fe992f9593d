#!/bin/bash
# Slomix by real keys: Discord limits the bot's rate; what has to be so after a rollback.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/walk.sh.inc
walked slomix rate-limit 'Suggested: Response: live scoring off' 'After a rollback'
