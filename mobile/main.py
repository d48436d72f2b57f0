"""Where the app begins on a phone."""

from cavalcade.app.main import run
from cavalcade.app.shell import AppOptions

SERVER = "http://localhost:8080"
"""The server that new sessions are made at until somebody chooses another in the settings.

Put your own here before you build. A phone on a cable reaches this one after `adb reverse tcp:8080 tcp:8080`.
"""

run(AppOptions(SERVER))
