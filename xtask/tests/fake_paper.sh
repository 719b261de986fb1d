#!/bin/sh
# A paper's program for tests: `config`, and a `train` of three updates with a checkpoint after each. What it comes to is
# a checksum of configuration and seed. Files beside it change what it does: with `die` it kills itself at random moments,
# with `slow` an update takes long, and with `broken` runs of the seed 1 fail.
here=${0%/*}
verb=$1
shift
experiment= sets= out= seed=0 resume=
while [ $# -gt 0 ]; do
    case $1 in
    --experiment) experiment=$2; shift ;;
    --set) sets="$sets$2
"; shift ;;
    --set=*) sets="$sets${1#--set=}
" ;;
    --out) out=$2; shift ;;
    --seed) seed=$2; shift ;;
    --backend | --data) shift ;;
    --resume) resume=yes ;;
    --overwrite | --quiet) ;;
    *) echo "error: unknown argument $1" >&2; exit 2 ;;
    esac
    shift
done
case $sets in *unknown*) echo "error: there is no setting \`unknown\`" >&2; exit 2 ;; esac
config="experiment = \"$experiment\"
$sets"
if [ "$verb" = config ]; then
    printf '%s' "$config"
    exit
fi

trap 'exit 3' TERM
# One writer per folder, by a lock that goes with the process; a command that outlives it must not inherit it.
if command -v flock >/dev/null; then
    exec 9>>"$out/lock"
    flock -n 9 || { echo "error: the folder is in use" >&2; exit 5; }
fi
echo "seed $seed threads $RAYON_NUM_THREADS resume $resume" >>"$here/calls"
if [ -z "$resume" ]; then
    printf '%s' "$config" >"$out/config.toml"
    printf '%s%s' "$config" "$seed" >"$out/asked"
    echo "{\"paper\": \"toy\", \"version\": \"1\", \"experiment\": \"$experiment\", \"seed\": $seed, \"backend\": \"flex\",
      \"threads\": $RAYON_NUM_THREADS, \"cpu\": \"c\", \"os\": \"o\", \"git\": null, \"started\": \"s\", \"command\": \"c\"}" >"$out/run.json"
fi
if [ -e "$here/broken" ] && [ "$seed" = 1 ]; then
    printf 'one\ntwo\nerror: it left the finite numbers\n' >&2
    exit 4
fi
for step in 1 2 3; do
    [ -d "$out/checkpoints/step-00000000$step" ] && continue
    if [ -e "$here/slow" ]; then sleep 0.2 9>&-; fi
    if [ -e "$here/die" ] && [ $(($(od -An -N1 -tu1 /dev/urandom) % 3)) = 0 ]; then kill -9 $$; fi
    mkdir -p "$out/checkpoints/step-00000000$step"
done
sum=$(cksum "$out/asked" | { read -r sum rest && echo "$sum"; })
scalars="{\"score\": $((sum % 1000)), \"loss\": 0.$((sum % 9973))}"
echo "{\"time\": 1, \"event\": \"finished\", \"step\": 3, \"seconds\": 1, \"scalars\": $scalars}" >"$out/journal.jsonl"
echo "$scalars" >"$out/results.json"
