#!/usr/bin/env bash
# Training as several processes over slow links, as between machines: tests/mpi/network_test.sh PENSTOCK DATA [RATE]
# Each process has a network namespace of its own; all are joined by a bridge, over links of RATE (default 100mbit, as tc writes it) and 1 ms.
# Needs root; ends with 77 where there is no data or namespaces cannot be made.
set -euo pipefail
penstock=$1 data=$2/imagenette-224 rate=${3:-100mbit}
here=$(dirname "$0")
[ -d "$data" ] || { echo "no $data: skipped"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "only root makes network namespaces: skipped"; exit 77; }
command -v ip > /dev/null && command -v tc > /dev/null || { echo "no ip or tc (package iproute2): skipped"; exit 77; }
source "$here/world.sh"

prefix=penstock-$$
ip netns add "$prefix-bridge" 2> /dev/null || { echo "no network namespaces here: skipped"; exit 77; }
folder=$(mktemp -d)
clean_up() {
  for space in bridge m0 m1 m2 m3; do
    ip netns pids "$prefix-$space" 2> /dev/null | xargs -r kill -9 2> /dev/null || true
    ip netns del "$prefix-$space" 2> /dev/null || true
    rm -rf "/etc/netns/$prefix-$space"
  done
  rm -rf "$folder"
}
trap clean_up EXIT

# Machines m0 .. m3: 10.77.0.1 .. 4 on the interface "wire", slow in both directions.
slow() {
  ip netns exec "$1" tc qdisc add dev "$2" root handle 1: tbf rate "$rate" burst 128kb latency 100ms
  ip netns exec "$1" tc qdisc add dev "$2" parent 1: handle 10: netem delay 0.5ms 2> /dev/null || delay="no delay: this kernel has no netem"
}
delay="1 ms"
ip -n "$prefix-bridge" link add name hub type bridge
ip -n "$prefix-bridge" link set hub up
for i in 0 1 2 3; do
  space=$prefix-m$i
  ip netns add "$space"
  ip -n "$prefix-bridge" link add name "to$i" type veth peer name wire netns "$space"
  ip -n "$prefix-bridge" link set "to$i" master hub up
  ip -n "$space" addr add "10.77.0.$((i + 1))/24" dev wire
  ip -n "$space" link set wire up
  ip -n "$space" link set lo up
  mkdir -p "/etc/netns/$space"
  printf '127.0.0.1 localhost\n10.77.0.1 m0\n10.77.0.2 m1\n10.77.0.3 m2\n10.77.0.4 m3\n' > "/etc/netns/$space/hosts"
  slow "$space" wire
  slow "$prefix-bridge" "to$i"
done
echo "links of $rate, $delay"

# In place of ssh: runs a command "on" a machine.
cat > "$folder/on" <<SH
#!/bin/sh
host=\$1
shift
exec ip netns exec $prefix-\$host unshare --uts sh -c "hostname \$host; \$*"
SH
chmod +x "$folder/on"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# over PROCESSES COMMAND...: mpirun on m0, a process on each machine, nothing but TCP over the links between them.
over() {
  local hosts=m0 i
  for i in $(seq $(($1 - 1))); do hosts+=,m$i; done
  ip netns exec "$prefix-m0" unshare --uts sh -c 'hostname m0; exec "$@"' sh \
    mpirun --mca plm rsh --mca plm_rsh_agent "$folder/on" --mca btl tcp,self --mca btl_tcp_if_include wire --mca oob_tcp_if_include wire \
    -x OMP_NUM_THREADS --host "$hosts" --map-by node --bind-to none -n "$1" "${@:2}"
}

make_world "$folder" "$data" 1
for processes in 2 4; do
  "$here/run.sh" $processes "$penstock" "${train[@]}" --out "$folder/near$processes" > "$folder/near$processes.json"
  over $processes "$penstock" "${train[@]}" --out "$folder/far$processes" > "$folder/far$processes.json"
done
python3 - "$folder" "$rate" <<'PY' || bad "training over the links"
import json, sys
folder, rate = sys.argv[1:]
digits = rate.rstrip("abcdefghijklmnopqrstuvwxyz")
link = float(digits) * {"k": 1e3, "m": 1e6, "g": 1e9}[rate[len(digits)]] / 8  # bytes a second
gradients = 4 * (11689512 - 1000 * 513 + 4 * 513)  # bytes, of ResNet-18 for 4 classes
for m in (2, 4):
    near, far = (json.load(open(f"{folder}/{where}{m}.json")) for where in ("near", "far"))
    def losses(where):
        return [json.loads(l)["loss"] for l in open(f"{folder}/{where}{m}/metrics.jsonl") if '"step"' in l.split(",")[0]]
    assert losses("near")[0] == losses("far")[0], "the first losses differ"
    assert near["weights_xxh3"] == far["weights_xxh3"], "the weights differ"
    seconds = {where: run["step_seconds"] / run["steps"] for where, run in (("near", near), ("far", far))}
    least = gradients * 2 * (m - 1) / m / link
    hidden = seconds["near"] + least - seconds["far"]
    print(f"{m} processes: a step takes {seconds['near']:.2f} s without links and {seconds['far']:.2f} s over them; its gradients alone "
          f"{least:.2f} s at {rate}: {100 * max(0, hidden) / least:.0f} % of that is hidden behind the backward pass")
    assert seconds["far"] > 0.9 * least, "faster than the links: they are not in use"
PY

# A process that starts late is waited for.
cat > "$folder/late.sh" <<SH
[ "\$OMPI_COMM_WORLD_RANK" = 0 ] || sleep 5
exec "$penstock" ${train[@]} --out "$folder/late"
SH
over 2 bash "$folder/late.sh" > "$folder/late.json"
python3 -c '
import json, sys
late, near = (json.load(open(sys.argv[1] + name)) for name in ("/late.json", "/near2.json"))
assert late["weights_xxh3"] == near["weights_xxh3"], (late, near)' "$folder" || bad "a late process"

# A link that is cut while training is named by the process that waited, within the timeout ...
cut_link() {
  local run=$1
  shift
  over 2 "$@" --out "$folder/$run" > "$folder/said" 2>&1 &
  job=$!
  while kill -0 $job 2> /dev/null && ! grep -q loss "$folder/$run/metrics.jsonl" 2> /dev/null; do sleep 0.1; done
  kill -0 $job 2> /dev/null || { cat "$folder/said"; bad "the job ended before its link was cut"; }
  ip -n "$prefix-bridge" link set to1 down
  cut=$SECONDS
}
seconds_until() { # until the command given succeeds, a minute at most
  while ! "$@" && [ $((SECONDS - cut)) -lt 60 ]; do sleep 0.1; done
  took=$((SECONDS - cut))
  "$@"
}
waited() { grep -q "waited 10.* s for process [01]" "$folder/said"; }
ended() { ! kill -0 $job 2> /dev/null; }
cut_link named "$penstock" "${train[@]}" --set train.epochs=200 --set lanes.timeout=10s
seconds_until waited || { cat "$folder/said"; bad "a cut link is not named"; }
echo "a link cut while training: named after $took s with lanes.timeout = 10 s"
ip netns pids "$prefix-m0" | xargs -r kill -9 2> /dev/null || true
ip netns pids "$prefix-m1" | xargs -r kill -9 2> /dev/null || true
wait $job || true
ip -n "$prefix-bridge" link set to1 up
# ... and ends the job, where mpirun notices a lost machine sooner than that (else it waits for its last word, a quarter of an hour).
cut_link lost --mca oob_tcp_keepalive_time 4 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 2 \
  "$penstock" "${train[@]}" --set train.epochs=200 --set lanes.timeout=30s
seconds_until ended || { cat "$folder/said"; bad "a cut link left the job hanging"; }
code=0
wait $job || code=$?
[ "$code" != 0 ] || bad "a job whose link was cut ended well"
grep -q "lost communication" "$folder/said" || { cat "$folder/said"; bad "mpirun does not say why it ended"; }
seconds_until sh -c "[ -z \"\$(ip netns pids $prefix-m1)\" ]" || bad "processes are left behind the cut link"
echo "with oob_tcp_keepalive_time 4: the job ended, and nothing is left, after $took s"
echo "all as it should be"
