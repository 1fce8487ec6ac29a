#!/bin/sh
# tests/device/check.sh [cuda | cuda:1 | mps | cpu] [CHECK ...]: all checks of a device, in less than ten minutes.
cd "$(dirname "$0")/../.." || exit 2
device=${1:-cuda}
[ $# -gt 0 ] && shift
python=.venv/bin/python
[ -x "$python" ] || python=python3
# Without it some products on NVIDIA's devices are not the same twice; it is read when CUDA starts.
CUBLAS_WORKSPACE_CONFIG=${CUBLAS_WORKSPACE_CONFIG:-:4096:8}
export CUBLAS_WORKSPACE_CONFIG
if command -v timeout >/dev/null; then
    exec timeout 600 "$python" -m tests.device --device "$device" "$@"
fi
exec "$python" -m tests.device --device "$device" "$@"
