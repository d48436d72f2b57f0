"""The Flutter app, written in Python with Flet, on top of `cavalcade.client`.

Its rooms follow the path of the data, and import one way: what the phone gives (`device`), one's part in a session and
what is kept of it (`session`), where the camera stands (`camera`), what everything is drawn with (`ui`), the map, and
the screens. `shell` holds them together on one page, `main` runs it on a device and `web` for browsers.

`camera`, `session` and, but for the receiver, `device` know no Flet. Nothing here imports a compiled package, so that
the app runs in a phone's embedded Python.
"""
