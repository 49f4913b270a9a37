#!/usr/bin/env bash
# Inside the second kernel, started by the lane `guest` of .ci/run: the doctor, every page,
# and the test programs that are named, built outside and copied to the same paths.
#
#   guest.sh ENVIRONMENT TEST...     TEST is FOLDER:PROGRAM; the folder is where it runs
set -uo pipefail
export ERA_ENVIRONMENT=$1 ERA_SKIPS=/out/skips ERA_COVERAGE=/out/coverage CI=true TERM=dumb
export ERA_STATE=/var/tmp/era ERA_TOUR=/out/tour.json
shift
: >"$ERA_SKIPS"
failed=

timed() { # WHAT COMMAND...
    local start=$SECONDS what=$1
    shift
    "$@" || failed+=" $what"
    echo "== $ERA_ENVIRONMENT: $what $((SECONDS - start)) s"
}

pages() { # once: the test of the coverage reads the same report
    era tour --auto --exact --json >"$ERA_TOUR" || { cat "$ERA_TOUR"; return 1; }
}

timed doctor era doctor
case $ERA_ENVIRONMENT in
guest-v1*) ;; # the same pages; what differs there is the groups, which the tests are about
*) timed pages pages ;;
esac
for test; do
    cd "${test%%:*}" || exit
    timed "$(basename "${test#*:}")" "${test#*:}" --quiet
done
[ -z "$failed" ] || { echo "failed in $ERA_ENVIRONMENT:$failed"; exit 1; }
