#!/bin/sh
# Prints the first Python that really runs, is 3.11 or newer and can make a virtual environment. (A shim may be on the
# PATH and fail.) Says in plain words what is missing otherwise.
too_old=""
without_venv=""
for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
    "$candidate" -V >/dev/null 2>&1 || continue
    if ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        too_old="$candidate ($("$candidate" -V 2>&1))"
    elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        without_venv="$candidate"
    else
        echo "$candidate"
        exit 0
    fi
done
if [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "cavalcade: $without_venv cannot make virtual environments. On Debian or Ubuntu install that part with:" >&2
    echo "    apt-get install python$version-venv" >&2
elif [ -n "$too_old" ]; then
    echo "cavalcade: Python 3.11 or newer is needed; found only $too_old." >&2
else
    echo "cavalcade: Python 3.11 or newer is needed; found none. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
fi
exit 1
