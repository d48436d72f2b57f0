"""The Flutter app, written in Python with Flet, on top of `cavalcade.client`.

`view`, `steering`, `glide`, `policy`, `words`, `links` and `people` are pure; `kept` says what lies on disk and `store`
where; `controller` holds the session; `screens` draws. Only `device`, `screens`, `map_view` and `main` know Flet, and
nothing here imports a compiled package, so that the app runs in a phone's embedded Python.
"""
