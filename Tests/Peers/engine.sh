#!/bin/sh
# One workload of the comparison of engines: BINARY FOLDER NET MODEL [OPTION…].
# A net that was converted to a model of ours lies in FOLDER; the others are run from their ONNX file.
set -eu
binary=$1 folder=$2 net=$3 model=$4
shift 4
[ -d "$folder/$net" ] && model="$folder/$net"
exec "$binary" bench engine --model "$model" "$@"
