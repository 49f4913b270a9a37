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

# Of the exercises, those of groups, and of their answers some: each takes seconds here.
export ERA_CANDIDATES=/candidates
export ERA_EXERCISES="08.1/solution 08.2/another 08.3/solution 08.4/solution 08.5/solution"
case $ERA_ENVIRONMENT in
guest-root)
    ERA_EXERCISES+=" 08.2/wrong/moves 08.3/wrong/swap_open 08.4/another 08.4/wrong/never_thawed"
    ;;
esac

timed doctor era doctor
case $ERA_ENVIRONMENT in
guest-v1*) ;; # the same pages; what differs there is the groups, which the tests are about
*) timed pages pages ;;
esac
for test; do
    cd "${test%%:*}" || exit
    case $test in
    */exercises-*) only=every_candidate_of_every ;;
    *) only= ;;
    esac
    timed "$(basename "${test#*:}")" "${test#*:}" --quiet $only
done
[ -z "$failed" ] || { echo "failed in $ERA_ENVIRONMENT:$failed"; exit 1; }
