"""Many viewers at once, measured from outside: `python -m tests.load --viewers 30 --minutes 5`.

tab.py speaks the server's WebSocket as Streamlit's frontend does, widgets.py knows what a widget
sends, pages.py how a run is asked for and when its record is there, viewer.py what one viewer does,
fairness.py how one viewer fares beside another's long job, server.py starts the app and reads what
it uses, report.py makes figures of it and picture.py a picture.
"""
