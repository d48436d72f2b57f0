#!/bin/sh
# Prints the browser that the page's tests drive: CAVALCADE_CHROMIUM, or the first one known on this machine.
for candidate in "${CAVALCADE_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
{
    echo "cavalcade: the tests of the page need Chromium or Chrome, and none was found."
    echo "    Debian: apt-get install chromium        Fedora: dnf install chromium        macOS: brew install --cask chromium"
    echo "    If it is installed under another name: make test CAVALCADE_CHROMIUM=/path/to/it"
} >&2
exit 1
