"""Plotly figures as SVG, without a browser: as much of plotly as the app's own figures use.

    drawn = picture.draw(figure, width=720, theme=themes.theme("dark"))
    drawn.body, drawn.width, drawn.height

A file drawn this way is a hundredth of plotly's bundle and needs no script. What is not known here
raises `NotDrawnError` instead of being left out.
"""
