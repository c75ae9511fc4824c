#!/bin/sh
# Checks the specs of a repository without access to any cluster or secret: validates them, and plans on paper what
# would be done by what has changed since another version of them.
#
#   check-specs.sh [FOLDER] [VERSION]     FOLDER: where the specs are (default: .)
#                                         VERSION: a Git commit, or a folder (default: origin/main)
#
# Writes redisforge.sarif (problems, for code hosts and editors) and redisforge-plan.md into the current folder.
# Exit code: 0 the specs are valid and the changes could be carried out, 1 they are not valid, or something failed,
# 3 something stands in the way of the changes.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
redisforge() {
  ${REDISFORGE:-node "$here/../reconciler/app/main.ts"} "$@"
}

specs=${1:-.}
version=${2:-origin/main}

redisforge validate "$specs" --format sarif >redisforge.sarif
redisforge validate "$specs" || exit 1

redisforge plan --spec "$specs" --offline --against "$version" --format markdown >redisforge-plan.md
code=$?
cat redisforge-plan.md
# 2 says that there are changes, which is what a pull request is for.
test "$code" -eq 2 && exit 0
exit "$code"
