#!/usr/bin/env bash
# Makes .venv hold what a lock file names: deploy/venv.sh run|dev
#
# `dev` holds all of `run`, in the same versions. A stamp with the lock's checksum and this folder's name makes the
# second call free; a changed lock or a moved checkout is noticed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh

lock_of() { if [ "$1" = dev ]; then echo requirements-dev.lock; else echo requirements.lock; fi; }
stamp_of() { echo "$PWD $(cksum <"$(lock_of "$1")")"; }
is_ready() { [ -x .venv/bin/mhfa-lms ] && [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$(stamp_of "$1")" ]; }

make_environment() {
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "This Python cannot make virtual environments. On Debian and Ubuntu, run this once:" >&2
        "$python" -c 'import sys; print("    sudo apt-get install -y python%d.%d-venv" % sys.version_info[:2])' >&2
        exit 1
    fi
    "$python" -m venv --clear .venv
}

# The checkout itself is put on the path by hand: no build step, and edits count at once.
link_checkout() {
    .venv/bin/python - <<'PYTHON'
import sys
import sysconfig
from pathlib import Path

Path(sysconfig.get_path("purelib"), "mhfa_lms_checkout.pth").write_text(f"{Path.cwd()}\n", encoding="utf-8")
script = Path(".venv/bin/mhfa-lms")
script.write_text(
    f"#!{sys.executable}\nimport sys\n\nfrom mhfa_lms.cli import main\n\nsys.exit(main())\n", encoding="utf-8"
)
script.chmod(0o755)
PYTHON
}

install_locked() {
    local log
    log=$(mktemp)
    echo "Installing Python packages ($(grep -c '==' "$1")), about half a minute ..."
    if .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$1" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        grep -v '^WARNING: Location' "$log" | tail -n 20 >&2
        rm -f "$log"
        echo "The Python packages could not be installed; what pip said is above." >&2
        exit 1
    fi
}

kind=${1:-run}
if is_ready "$kind" || { [ "$kind" = run ] && is_ready dev; }; then
    exit 0
fi
# Scripts inside .venv name its folder, so one that was copied or moved is made anew.
if ! grep -qsxF "$PWD" .venv/lib/python3*/site-packages/mhfa_lms_checkout.pth ||
    ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    make_environment
fi
install_locked "$(lock_of "$kind")"
link_checkout
stamp_of "$kind" >".venv/stamp-$kind"
