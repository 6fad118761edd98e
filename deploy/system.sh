#!/usr/bin/env bash
# Installs what the system lacks: deploy/system.sh [run|test]
#
#   run   Python's venv; Pango and fonts, which draw the certificates
#   test  all of that, and what only the tests need: PostgreSQL, Chromium, poppler, qpdf, zbar, nginx, Node
#
# Looks first, so that it costs next to nothing when all is there. Needs root or password-less sudo; otherwise
# it prints the one command to run and exits with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh
# A person's PATH on Debian lacks the folder of ldconfig.
PATH="$PATH:/usr/sbin:/sbin"

missing=()
need() { missing+=("$@"); }
have() { command -v "$1" >/dev/null; }
is_ubuntu() { grep -qs '^ID=ubuntu' /etc/os-release; }

have_library() {
    if have ldconfig; then
        [[ $(ldconfig -p) == *"$1.so"* ]]
    else
        compgen -G "/opt/homebrew/lib/$1*.dylib" >/dev/null || compgen -G "/usr/local/lib/$1*.dylib" >/dev/null
    fi
}

look_for_run() {
    if [ ! -x .venv/bin/pip ]; then
        local python
        python=$(find_python)
        # Debian ships Python without the part that makes environments; each version has its own package.
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            need "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    have_library libpango-1.0 || need libpango-1.0-0
    have_library libpangoft2-1.0 || need libpangoft2-1.0-0
    have_library libharfbuzz-subset || need libharfbuzz-subset0
    [ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || [ -n "$(fc-list 'Noto Sans' 2>/dev/null)" ] ||
        need fonts-noto-core
    # Names in Chinese, Japanese and Korean letters would be empty boxes on a certificate.
    [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || [ -n "$(fc-list 'Noto Sans CJK JP' 2>/dev/null)" ] ||
        need fonts-noto-cjk
}

look_for_test() {
    # Somebody who names a server of their own needs none from us.
    [ -n "${MHFA_TEST_POSTGRES_URL:-}" ] || { have pg_virtualenv && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; } ||
        need postgresql postgresql-common
    find_chromium >/dev/null || need chromium
    have pdftotext || need poppler-utils
    have qpdf || need qpdf
    have zbarimg || need zbar-tools
    have nginx || need nginx-light
    have node || need nodejs
    have npm || need npm
}

explain_without_apt() {
    echo "These are missing and need installing by hand (named as in Debian): ${missing[*]}"
    echo "On macOS: brew install pango harfbuzz font-noto-sans font-noto-sans-cjk poppler qpdf zbar nginx node, and a Chrome or Chromium;"
    echo "the tests also need a PostgreSQL server, named in MHFA_TEST_POSTGRES_URL."
}

install() {
    local as_root=("$@") log
    log=$(mktemp)
    echo "Installing for the system: ${missing[*]} ..."
    if "${as_root[@]}" apt-get update -qq >"$log" 2>&1 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

look_for_run
[ "${1:-test}" = run ] || look_for_test
[ ${#missing[@]} -gt 0 ] || exit 0

if ! have apt-get; then
    explain_without_apt
    exit 1
fi
if is_ubuntu && [[ " ${missing[*]} " == *" chromium "* ]]; then
    echo "Ubuntu's Chromium is a snap, which the tests cannot drive. Install Google Chrome, or a Chromium that is not"
    echo "a snap, and put its path into MHFA_TEST_CHROMIUM. Until then the browser tests cannot run."
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    install env
elif sudo -n true 2>/dev/null; then
    install sudo -n
else
    echo "The system lacks some packages. Please run this once, then the same make command again:"
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    exit 1
fi
