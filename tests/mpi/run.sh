#!/usr/bin/env bash
# Runs a program as that many processes on this machine, also on fewer cores and as root: tests/mpi/run.sh 4 PROGRAM [ARGUMENT...]
set -euo pipefail
processes=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Containers often forbid reading another process's memory; shared memory is copied through then.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
exec mpirun --oversubscribe --bind-to none -n "$processes" "$@"
