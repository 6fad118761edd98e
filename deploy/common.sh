# shellcheck shell=bash
# Read by the other scripts in this folder; run by itself it does nothing.

# Prints the newest-enough Python: $PYTHON when that is set, otherwise the first that will do.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3 ..." >&2
    return 1
}

# Prints the browser that the tests drive: $MHFA_TEST_CHROMIUM when that is set, otherwise the first found.
find_chromium() {
    local candidate
    for candidate in ${MHFA_TEST_CHROMIUM:-chromium chromium-browser google-chrome google-chrome-stable} \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        # Ubuntu's command is a snap: headless runs by root or in containers fail, so it does not count.
        if command -v "$candidate" >/dev/null && ! grep -qs /snap/bin "$(command -v "$candidate")"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}
