#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Four local ranks under mpirun drive one plan: an emulated array that rank 0 alone starts, a mix at a
# rate and the platform; their shares are together exactly the schedule that one host drives; a rank
# that is killed ends the run with 6 and what was measured is kept. Exit 77: no mpirun, or a program
# built without MPI.
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v mpirun >/dev/null || exit 77
ldd "$ARRAYBENCH" | grep -q libmpi || exit 77
exec python3 "$here/mpi_ranks.py"
