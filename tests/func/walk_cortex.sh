#!/bin/bash
# Cortex by real keys: calibration factors are wrong, the tree leads to the database alone; what comes before a rollback.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/walk.sh.inc
walked cortex bad-seeds 'Alerts: CRITICAL Smart Scores' 'Before a rollback'
